// Why Google's credentials gave no token, in a sentence that says what to do and quotes no credential.
import { masked, withoutEmails } from '../lib/masked.ts'
import { printable } from '../lib/printable.ts'

/** Where the credentials came from; `unknown` while they are being looked for. */
export type CredentialsSource = 'unknown' | 'file' | 'metadata'

const VARIABLE = 'GOOGLE_APPLICATION_CREDENTIALS'

/**
 * The error for the log. The library's own is not its cause: it holds requests, and with them assertions. `setting` is
 * what names the file: by default the environment's variable.
 */
export function credentialsFault(error: unknown, source: CredentialsSource, setting = VARIABLE): Error {
  if (source === 'unknown') return new Error(fileFault(error, setting))
  const status = statusOf(error)
  return new Error(source === 'metadata' ? metadataFault(error, status) : refusedFault(error, status))
}

function fileFault(error: unknown, setting: string): string {
  // A parser's message quotes the text around the fault, which may be a key.
  const cause = error instanceof SyntaxError ? 'it is not JSON' : textOf(error)
  return `the Google credentials file cannot be used: ${cause}; ${setting} must name a key or federation file`
}

function metadataFault(error: unknown, status: number | undefined): string {
  if (status === 404)
    return 'the metadata server has no service account for this workload: attach one that has the roles'
  if (status === 403)
    return 'the metadata server refuses a token (403): the access scopes of the machine leave out cloud-platform'
  if (status !== undefined) return `the metadata server answered ${status} when asked for a token`
  const code = codeOf(error)
  if (code !== undefined)
    return `no Google credentials: ${VARIABLE} names no file, and no metadata server answers (${code})`
  return 'what answers in the place of the metadata server gave no token'
}

function refusedFault(error: unknown, status: number | undefined): string {
  if (status !== undefined && status < 500 && status !== 429) {
    return (
      `Google refuses the credentials of the file (${status}: ${textOf(error)}): ` +
      'check the key or the federation, that the service account is enabled, and the clock'
    )
  }
  if (status !== undefined) return `Google's token service answered ${status}`
  const code = codeOf(error)
  if (code !== undefined)
    return `Google's token service cannot be reached (${code}): allow oauth2.googleapis.com and sts.googleapis.com`
  return `the credentials of the file gave no token: ${textOf(error)}`
}

/** The status of the answer that the library could not use. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error && 'response' in error)) return undefined
  const { response } = error
  const status = typeof response === 'object' && response !== null ? Reflect.get(response, 'status') : null
  return typeof status === 'number' ? status : undefined
}

/** What broke the connection; the library's errors of other things have no request. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'config' in error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Za-z_]+$/.test(code) ? code : undefined
}

/** Without addresses: Google's own words may name the service account. */
function textOf(error: unknown): string {
  return withoutEmails(masked(printable(error instanceof Error ? error.message : String(error), 200)))
}
