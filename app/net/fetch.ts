// A `fetch` for answers that are read whole: tokens, keys, discovery documents. Libraries take it as theirs.

import { type Dispatcher, fetch as undiciFetch } from 'undici'

export interface FetchOptions {
  readonly dispatcher: Dispatcher
  /** From the call to the last byte of the answer. */
  readonly totalMs: number
  /** The longest body, counted decompressed; one byte more is an error. */
  readonly maxBytes: number
}

/** The answer was longer than the caller is willing to hold. */
class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong'
  readonly code = 'ERR_ANSWER_TOO_LONG'

  constructor(host: string, maxBytes: number) {
    super(`the answer of ${host} is longer than ${maxBytes} bytes`)
  }
}

/** The answer was a redirect, which is followed nowhere (H-33). */
class UnexpectedRedirect extends Error {
  override readonly name = 'UnexpectedRedirect'
  readonly code = 'ERR_UNEXPECTED_REDIRECT'

  constructor(host: string, status: number) {
    super(`${host} answered with a redirect (${status}), which is not followed`)
  }
}

/** The body has arrived, within the bounds, when the returned promise resolves. */
export function guardedFetch({ dispatcher, totalMs, maxBytes }: FetchOptions): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { host } = new URL(request.url)
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(totalMs)])
    const response = await undiciFetch(request.url, {
      dispatcher,
      signal,
      redirect: 'manual',
      method: request.method,
      headers: [...request.headers],
      body: request.body === null ? null : await request.arrayBuffer(),
    }).catch(unwrap)
    if (response.status >= 300 && response.status < 400 && response.status !== 304) {
      await response.body?.cancel()
      throw new UnexpectedRedirect(host, response.status)
    }

    const body = await readCapped(response.body, () => new AnswerTooLong(host, maxBytes), maxBytes)
    const headers = new Headers([...response.headers])
    // The body below is neither compressed nor of the announced length any more.
    headers.delete('content-encoding')
    headers.delete('content-length')
    const mayHaveBody = response.status !== 204 && response.status !== 205 && response.status !== 304
    return new Response(mayHaveBody ? body : null, {
      status: response.status,
      statusText: response.statusText,
      headers,
    })
  }
}

// fetch says "fetch failed" and keeps what happened in the cause.
function unwrap(error: unknown): never {
  throw error instanceof TypeError && error.cause instanceof Error ? error.cause : error
}

async function readCapped(
  body: AsyncIterable<Uint8Array> | null,
  tooLong: () => Error,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += chunk.length
    // Leaving the loop cancels the body, which closes the connection.
    if (length > maxBytes) throw tooLong()
    chunks.push(chunk)
  }
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}
