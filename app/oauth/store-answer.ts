import { Refusal } from '../http/errors.ts'

/**
 * The store's answer, or the 503 of S-13: whatever keeps the store from answering is ours, passing, and
 * no verdict on the request.
 *
 * `shape` follows the route: JSON endpoints speak OAuth, pages are pages.
 */
export async function storeAnswer<T>(shape: 'json' | 'page', answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw shape === 'json'
      ? new Refusal('temporarily_unavailable', WAIT, { headers: RETRY, cause })
      : new Refusal('store_unavailable', WAIT, { headers: RETRY, cause })
  }
}

// The client shows the sentence and ignores the header, so the wait stands in both.
const WAIT = 'Sign-in is not possible right now. Try again in a minute'
const RETRY = { 'retry-after': '5' }
