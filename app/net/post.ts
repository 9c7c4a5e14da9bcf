// One request that hands something over, of whose answer only the status matters.
import { type Dispatcher, request } from 'undici'

export interface PostOptions {
  readonly dispatcher: Dispatcher
  /** From the call to the end of the answer. */
  readonly totalMs: number
}

export interface Parcel {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Gives the attempt up. */
  readonly signal: AbortSignal
}

/** The head of an answer; a redirect is one like any other, and is followed nowhere (H-33). */
export interface Receipt {
  readonly status: number
  /** `Retry-After` as it came. */
  readonly retryAfter: string | undefined
}

/** Sends a parcel once; rejects when no answer began. */
export type Post = (parcel: Parcel) => Promise<Receipt>

/** As much of an answer is read, so that its connection can be used again. */
const MAX_ANSWER_BYTES = 16_384

export function createPost({ dispatcher, totalMs }: PostOptions): Post {
  return async ({ url, headers, body, signal }) => {
    const ending = AbortSignal.any([signal, AbortSignal.timeout(totalMs)])
    const answer = await request(url, { method: 'POST', dispatcher, headers, body, signal: ending })
    // What breaks after the status changes nothing of it.
    await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal: ending }).catch(() => null)
    const retryAfter = answer.headers['retry-after']
    return { status: answer.statusCode, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined }
  }
}
