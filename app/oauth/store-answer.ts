import { Refusal } from '../http/errors.ts'
import { withDeadline } from '../lib/deadline.ts'

/** A terminal gives up after ten seconds without an answer, and a person sooner. */
const STORE_DEADLINE_MS = 4_000

/**
 * The store's answer, or the 503 of S-13: whatever keeps the store from answering is ours, passing, and
 * no verdict on the request. A store that says nothing counts as one that is down.
 *
 * `shape` follows the route: JSON endpoints speak OAuth, pages are pages.
 */
export async function storeAnswer<T>(shape: 'json' | 'page', answer: Promise<T>): Promise<T> {
  try {
    return await withDeadline(answer, STORE_DEADLINE_MS)
  } catch (cause) {
    const code = shape === 'json' ? 'temporarily_unavailable' : 'store_unavailable'
    throw new Refusal(code, WAIT, { headers: RETRY, cause })
  }
}

// The client shows the sentence and ignores the header, so the wait stands in both.
const WAIT = 'Sign-in is not possible right now. Try again in a minute'
const RETRY = { 'retry-after': '5' }
