// Why Entra ID gave no token, in a sentence that says what to do and quotes nothing that was sent or answered.

/** The credentials of the environment, in the order in which they are looked for. */
export type EntraSource = 'environment' | 'workload identity' | 'managed identity'

/** What was seen on the way to a token. */
export interface EntraTrace {
  readonly source: EntraSource
  /** The status of the last answer; null when none came. */
  readonly status: number | null
  /** Entra's own number of the error, such as `AADSTS7000215`; null when it gave none. */
  readonly aadsts: string | null
  /** What broke the last connection, or what the file system said; null for neither. */
  readonly code: string | null
}

/** The sentence for the log. The library's own errors hold requests and whole answers, and are not its cause. */
export function entraFault(trace: EntraTrace): Error {
  return new Error(trace.source === 'managed identity' ? identityFault(trace) : credentialsFault(trace))
}

function identityFault({ status, code }: EntraTrace): string {
  if (status !== null && status >= 400 && status < 500)
    return `the managed identity's endpoint gives no token (${status}): assign an identity, and name it in AZURE_CLIENT_ID if there are several`
  if (status !== null && status >= 500) return `the managed identity's endpoint answered ${status}`
  if (code !== null)
    return `no Azure credentials: the environment names none, and no managed identity answers (${code})`
  return "what answers in the place of the managed identity's endpoint gave no token"
}

function credentialsFault({ source, status, aadsts, code }: EntraTrace): string {
  const holder = source === 'environment' ? 'the credentials of the environment' : 'the federated token'
  if (aadsts !== null) return `Entra ID refuses ${holder} (${aadsts}): ${CURES[source]}`
  if (status !== null && status >= 400) return `Entra ID answered ${status} when asked for a token`
  if (code !== null && FILE_CODES.has(code))
    return `${source === 'environment' ? 'AZURE_CLIENT_CERTIFICATE_PATH' : 'AZURE_FEDERATED_TOKEN_FILE'} cannot be read (${code})`
  if (code !== null)
    return `Entra ID cannot be reached (${code}): allow login.microsoftonline.com, or the host in AZURE_AUTHORITY_HOST`
  return `${holder} gave no token: ${CURES[source]}`
}

const CURES: Readonly<Record<EntraSource, string>> = {
  environment: 'check AZURE_TENANT_ID, AZURE_CLIENT_ID, the secret or certificate, its end, and the clock',
  'workload identity': "check the federated credential of the app's registration: issuer, subject, audience",
  'managed identity': 'assign an identity',
}

const FILE_CODES: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EPERM'])
