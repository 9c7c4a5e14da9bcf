// Entra ID through Microsoft's own library, which asks by our transport; loaded when a token is first needed.
import {
  type AccessToken,
  EnvironmentCredential,
  ManagedIdentityCredential,
  type TokenCredentialOptions,
  WorkloadIdentityCredential,
} from '@azure/identity'
import type { FetchedToken } from '../lib/expiring-token.ts'
import { type EntraSource, entraFault } from './entra-fault.ts'

export interface EntraRequest {
  /** Such as `https://ai.azure.com/.default`. */
  readonly scope: string
  /** Which managed identity, where a machine has several. */
  readonly clientId: string | undefined
}

/** The library's way into the network. */
type HttpClient = NonNullable<TokenCredentialOptions['httpClient']>
type HttpRequest = Parameters<HttpClient['sendRequest']>[0]
type HttpAnswer = Awaited<ReturnType<HttpClient['sendRequest']>>

/** After the first attempt, and the pauses between them. */
const REPEATS = { maxRetries: 2, retryDelayInMs: 500, maxRetryDelayInMs: 2000 }

/**
 * Asks for a token with credentials that are found anew, so that a replaced token file or certificate is read again:
 * a secret or certificate of the environment, else a federated token (AKS), else a managed identity. No other kind is
 * tried, and none runs a program. Rejects with a sentence for the operator; every request goes through `client`.
 */
export async function fetchEntraToken(client: EntraClient, request: EntraRequest): Promise<FetchedToken> {
  let source: EntraSource = 'environment'
  try {
    const granted = await firstToken(client, request, tried => {
      source = tried
    })
    // What cannot stand in a header is no token, whoever answered.
    if (granted === null || !/^[\x21-\x7e]+$/.test(granted.token)) throw new Error('no token in the answer')
    return { token: granted.token, expiresIn: Math.max(0, (granted.expiresOnTimestamp - Date.now()) / 1000) }
  } catch (error) {
    throw entraFault({
      source,
      status: client.status,
      aadsts: client.aadsts,
      code: client.code ?? codeOf(error),
    })
  }
}

/** The next kind is asked only where the environment says nothing of the one before: a refusal is final. */
async function firstToken(
  httpClient: HttpClient,
  { scope, clientId }: EntraRequest,
  trying: (source: EntraSource) => void,
): Promise<AccessToken | null> {
  const options = { httpClient, retryOptions: REPEATS }
  try {
    return await new EnvironmentCredential(options).getToken(scope)
  } catch (error) {
    if (!isUnavailable(error)) throw error
  }
  // Beside a federated token the library's managed identity would ask by a transport of its own.
  const workload = workloadCredential(options)
  if (workload !== null) {
    trying('workload identity')
    return workload.getToken(scope)
  }
  trying('managed identity')
  const which = clientId === undefined ? {} : { clientId }
  return new ManagedIdentityCredential({ ...options, ...which }).getToken(scope)
}

/** Null where the environment names no federated token. */
function workloadCredential(options: TokenCredentialOptions): WorkloadIdentityCredential | null {
  try {
    return new WorkloadIdentityCredential(options)
  } catch (error) {
    if (isUnavailable(error)) return null
    throw error
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Error && error.name === 'CredentialUnavailableError'
}

/**
 * Sends what the library sends, and remembers how the last request ended: of a connection that broke the library's
 * errors say nothing. One for the process, because the library keeps the first one it asks a managed identity with.
 */
export class EntraClient implements HttpClient {
  /** Of the last answer; null when none came. */
  status: number | null = null
  aadsts: string | null = null
  code: string | null = null
  readonly #transport: typeof fetch

  constructor(transport: typeof fetch) {
    this.#transport = transport
  }

  async sendRequest(request: HttpRequest): Promise<HttpAnswer> {
    this.status = this.aadsts = this.code = null
    try {
      const response = await this.#transport(request.url, {
        method: request.method,
        headers: request.headers.toJSON(),
        body: typeof request.body === 'string' ? request.body : null,
        signal: request.abortSignal instanceof AbortSignal ? request.abortSignal : null,
      })
      const bodyAsText = await response.text()
      this.status = response.status
      this.aadsts = /\bAADSTS\d{1,10}\b/.exec(bodyAsText)?.[0] ?? null
      return { request, status: response.status, headers: new AnswerHeaders(response.headers), bodyAsText }
    } catch (error) {
      this.code = codeOf(error)
      throw error
    }
  }
}

/** An answer's headers in the library's form. */
class AnswerHeaders {
  readonly #headers: Headers

  constructor(headers: Headers) {
    this.#headers = headers
  }

  get(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined
  }

  has(name: string): boolean {
    return this.#headers.has(name)
  }

  set(name: string, value: string | number | boolean): void {
    this.#headers.set(name, String(value))
  }

  delete(name: string): void {
    this.#headers.delete(name)
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#headers)
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#headers[Symbol.iterator]()
  }
}

/** The word of the system for a failure, be it the cause of the library's error. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const code = 'code' in error ? error.code : null
  if (typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code)) return code
  if (error.name === 'TimeoutError') return 'ETIMEDOUT'
  // The credentials of the environment keep of a file's error its text only.
  return (
    codeOf(error.cause) ?? /\b(?:ENOENT|EACCES|EISDIR|ENOTDIR|EPERM)(?=:)/.exec(error.message)?.[0] ?? null
  )
}
