// Google's client libraries for directories and impersonation: they know paths and encodings, and ask through our own
// transport. Loaded when they are first needed.

/** An answer as it came: whether it is one that was hoped for is the caller's to say. */
export interface ApiAnswer {
  readonly status: number
  /** Parsed JSON, or a text that is none. */
  readonly body: unknown
}

export interface ApiCall {
  /** The bearer of the request. */
  readonly bearer: string
  readonly signal: AbortSignal
}

/** The requests that a group look-up consists of. They reject only when there is no answer. */
export interface GoogleApis {
  /** A page of the groups that a person or a group is a direct member of. */
  groupsOf(asked: { userKey: string; pageToken?: string }, call: ApiCall): Promise<ApiAnswer>
  /** Whether a person is in a group, directly or through others. */
  hasMember(asked: { groupKey: string; memberKey: string }, call: ApiCall): Promise<ApiAnswer>
  /** A page of the groups that a person is in, directly or through others. */
  transitiveGroups(asked: { query: string; pageToken?: string }, call: ApiCall): Promise<ApiAnswer>
  /** An access token of another service account. */
  generateAccessToken(asked: { account: string; scope: string }, call: ApiCall): Promise<ApiAnswer>
  /** `payload`, JSON text, signed with the Google-held key of a service account. */
  signJwt(asked: { account: string; payload: string }, call: ApiCall): Promise<ApiAnswer>
}

/** How many groups one page brings: the most that each service gives. */
const DIRECTORY_PAGE = 200
const CLOUD_IDENTITY_PAGE = 1000

export function createGoogleApis(transport: typeof fetch): GoogleApis {
  const options = (call: ApiCall) => optionsOf(transport, call)
  return {
    async groupsOf(asked, call) {
      const { groups } = await directory()
      return answerOf(groups.list({ ...asked, maxResults: DIRECTORY_PAGE }, options(call)))
    },
    async hasMember(asked, call) {
      const { members } = await directory()
      return answerOf(members.hasMember(asked, options(call)))
    },
    async transitiveGroups(asked, call) {
      const { cloudidentity } = await import('googleapis/build/src/apis/cloudidentity/index.js')
      const { memberships } = cloudidentity('v1').groups
      const params = { ...asked, parent: 'groups/-', pageSize: CLOUD_IDENTITY_PAGE }
      return answerOf(memberships.searchTransitiveGroups(params, options(call)))
    },
    async generateAccessToken({ account, scope }, call) {
      const { serviceAccounts } = (await iamCredentials()).projects
      const requestBody = { scope: [scope], lifetime: '3600s' }
      return answerOf(
        serviceAccounts.generateAccessToken({ name: nameOf(account), requestBody }, options(call)),
      )
    },
    async signJwt({ account, payload }, call) {
      const { serviceAccounts } = (await iamCredentials()).projects
      return answerOf(
        serviceAccounts.signJwt({ name: nameOf(account), requestBody: { payload } }, options(call)),
      )
    },
  }
}

async function directory() {
  const { admin } = await import('googleapis/build/src/apis/admin/index.js')
  return admin('directory_v1')
}

async function iamCredentials() {
  const { iamcredentials } = await import('googleapis/build/src/apis/iamcredentials/index.js')
  return iamcredentials('v1')
}

function nameOf(account: string): string {
  return `projects/-/serviceAccounts/${account}`
}

function optionsOf(transport: typeof fetch, { bearer, signal }: ApiCall) {
  return {
    fetchImplementation: transport,
    signal,
    headers: { authorization: `Bearer ${bearer}` },
    responseType: 'json' as const,
    // Every answer is one: the library's own errors hold the request, and with it the bearer.
    validateStatus: () => true,
    retry: false,
    // The library would take a proxy and another domain from the environment.
    noProxy: [/^/],
    universeDomain: 'googleapis.com',
  }
}

async function answerOf(answer: Promise<{ status: number; data: unknown }>): Promise<ApiAnswer> {
  const { status, data } = await answer
  return { status, body: data }
}
