// A Workspace domain behind Google's addresses on loopback: people, groups in groups, and days on which it fails.
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { ambient, googleNetwork, granted } from './google.ts'
import { GoogleAccounts, type Holder, type Reply, RUNTIME, refusal } from './google-tokens.ts'
import { startHttp } from './http-server.ts'

export interface Workspace {
  readonly accounts: GoogleAccounts
  readonly network: Awaited<ReturnType<typeof googleNetwork>>
  /** Groups by member, which is a person or a group; somebody who is not in here is unknown. */
  readonly members: Map<string, string[]>
  /** Every request as `METHOD host/path?query`. */
  readonly asked: string[]
  /** Answers of a host that come before its own, in order; `hang` answers never. */
  readonly faults: Map<string, (Reply | 'hang')[]>
  /** Whether the account, or the administrator, may read groups. */
  hasRole: boolean
  /** Whether the edition has the transitive search. */
  isEnterprise: boolean
  /** Groups on one page. */
  pageSize: number
  /** Every further answer of a host, until it is removed. */
  readonly outages: Map<string, Reply>
  /** Lets requests of a host wait for their answers. */
  hold(host: string): Held
}

export interface Held {
  /** Resolves when so many requests wait. */
  untilAsked(count: number): Promise<void>
  /** How many have come. */
  readonly waiting: number
  release(): void
}

/** Opens it, with the gateway on a Google runtime of its project. */
export async function openWorkspace(
  t: TestContext,
  members: Readonly<Record<string, readonly string[]>> = {},
): Promise<Workspace> {
  const holds = new Map<string, Hold>()
  const workspace: Workspace = {
    accounts: new GoogleAccounts(),
    network: await googleNetwork(t, async (request, response) => {
      await holds.get(request.headers.host ?? '')?.wait()
      await answer(workspace, request, response)
    }),
    members: new Map(Object.entries(members).map(([member, groups]) => [member, [...groups]])),
    ...{ asked: [], faults: new Map(), hasRole: true, isEnterprise: true, pageSize: 200, outages: new Map() },
    hold(host) {
      const held = new Hold()
      holds.set(host, held)
      return held
    },
  }
  t.after(() => workspace.network.close())
  const metadata = await startHttp((request, response) => answerMetadata(workspace, request, response))
  t.after(() => metadata.stop())
  ambient(t, { GCE_METADATA_HOST: `127.0.0.1:${metadata.port}` })
  return workspace
}

class Hold implements Held {
  readonly #released = Promise.withResolvers<void>()
  readonly #changes = new EventEmitter()
  waiting = 0

  async wait(): Promise<void> {
    this.waiting += 1
    this.#changes.emit('asked')
    await this.#released.promise
  }

  async untilAsked(count: number): Promise<void> {
    while (this.waiting < count) await once(this.#changes, 'asked')
  }

  release(): void {
    this.#released.resolve()
  }
}

function answerMetadata(workspace: Workspace, { url = '' }: IncomingMessage, response: ServerResponse): void {
  workspace.asked.push(`GET metadata${url}`)
  response.setHeader('metadata-flavor', 'Google')
  const { pathname, searchParams } = new URL(url, 'http://metadata')
  if (pathname.endsWith('/email')) return void response.end(RUNTIME)
  if (!pathname.endsWith('/token')) return void response.writeHead(404).end()
  const token = workspace.accounts.issue({ account: RUNTIME, scope: searchParams.get('scopes') ?? '' })
  response.setHeader('content-type', 'application/json').end(granted(token))
}

async function answer(
  workspace: Workspace,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { host = '', authorization } = request.headers
  const url = new URL(request.url ?? '/', `https://${host}`)
  workspace.asked.push(`${request.method} ${host}${url.pathname}${url.search}`)
  const body = await text(request)
  const fault = workspace.faults.get(host)?.shift() ?? workspace.outages.get(host)
  if (fault === 'hang') return
  const holder = workspace.accounts.holderOf(authorization)
  const { status, body: said } = fault ?? replyOf(workspace, { url, body, holder })
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof said === 'string' ? said : JSON.stringify(said))
}

interface Asked {
  readonly url: URL
  readonly body: string
  readonly holder: Holder | null
}

function replyOf(workspace: Workspace, { url, body, holder }: Asked): Reply {
  const { accounts } = workspace
  switch (url.hostname) {
    case 'oauth2.googleapis.com':
      return accounts.token(new URLSearchParams(body))
    case 'iamcredentials.googleapis.com':
      return accounts.iam(url.pathname, holder, JSON.parse(body))
    case 'admin.googleapis.com':
      return refused(workspace, holder, 'admin.directory.group.readonly') ?? directoryReply(workspace, url)
    case 'cloudidentity.googleapis.com':
      return refused(workspace, holder, 'cloud-identity.groups.readonly') ?? searchReply(workspace, url)
    default:
      return refusal(404, 'NOT_FOUND')
  }
}

function refused({ hasRole }: Workspace, holder: Holder | null, scope: string): Reply | null {
  if (holder === null) return refusal(401, 'UNAUTHENTICATED', { reason: 'authError' })
  if (!holder.scope.endsWith(`/${scope}`)) {
    return refusal(403, 'PERMISSION_DENIED', { reason: 'insufficientPermissions' })
  }
  return hasRole ? null : refusal(403, 'PERMISSION_DENIED', { reason: 'forbidden' })
}

function directoryReply(workspace: Workspace, url: URL): Reply {
  const [, group, member] = /\/groups\/([^/]+)\/hasMember\/([^/]+)$/.exec(url.pathname) ?? []
  const notFound = refusal(404, 'NOT_FOUND', { reason: 'notFound', message: 'Resource Not Found' })
  if (group !== undefined && member !== undefined) {
    const key = decodeURIComponent(group)
    const closure = closureOf(workspace, decodeURIComponent(member))
    const isGroup = [...workspace.members.values()].flat().includes(key)
    return closure === null || !isGroup
      ? notFound
      : { status: 200, body: { isMember: closure.includes(key) } }
  }
  const key = url.searchParams.get('userKey') ?? ''
  const groups = workspace.members.get(key)
  if (groups === undefined) return notFound
  const { items, rest } = pageOf(groups, workspace, url)
  const list =
    items.length === 0 ? {} : { groups: items.map(email => ({ kind: 'admin#directory#group', email })) }
  return { status: 200, body: { kind: 'admin#directory#groups', etag: '"e"', ...list, ...rest } }
}

function searchReply(workspace: Workspace, url: URL): Reply {
  if (!workspace.isEnterprise) return refusal(403, 'PERMISSION_DENIED', { message: 'Error(2028)' })
  const [, email = ''] = /^member_key_id == '([^']*)' && /.exec(url.searchParams.get('query') ?? '') ?? []
  const { items, rest } = pageOf(closureOf(workspace, email) ?? [], workspace, url)
  const list = items.length === 0 ? {} : { memberships: items.map(id => ({ groupKey: { id } })) }
  return { status: 200, body: { ...list, ...rest } }
}

function pageOf(groups: readonly string[], { pageSize }: Workspace, { searchParams }: URL) {
  const start = Number(searchParams.get('pageToken') ?? 0)
  const end = start + pageSize
  const rest = end < groups.length ? { nextPageToken: `${end}` } : {}
  return { items: groups.slice(start, end), rest }
}

/** Every group that `member` is in, directly or through others; null for somebody unknown. */
function closureOf({ members }: Workspace, member: string): string[] | null {
  if (!members.has(member)) return null
  const found = new Set<string>()
  const visit = (of: string): void => {
    for (const group of members.get(of) ?? []) {
      if (found.has(group)) continue
      found.add(group)
      visit(group)
    }
  }
  visit(member)
  return [...found]
}
