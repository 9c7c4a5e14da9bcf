// The page that Prometheus scrapes: who may read it, and its text.
import type { Clock } from '../lib/clock.ts'
import { isEqual } from '../lib/equal.ts'
import type { Collect } from './collection.ts'
import { EXPOSITION_TYPE, expositionOf, targetInfo } from './exposition.ts'
import type { Labels } from './series.ts'

export interface MetricsPageOptions {
  readonly collect: Collect
  readonly resource: Labels
  /** What a scraper must send; null when anybody who reaches the listener may read. */
  readonly bearer: string | null
  /** A clock that only goes forward. */
  readonly clock: Clock
}

/** The page that Prometheus scrapes. */
export interface MetricsPage {
  /** Reports whether whoever sent these `authorization` lines may read it. */
  admits(authorization: readonly string[] | undefined): boolean
  text(): Promise<string>
}

/** The headers of the page, and of the empty answer to who may not read it. */
export const PAGE_HEADERS = { 'content-type': EXPOSITION_TYPE, 'cache-control': 'no-store' }
export const REFUSED_HEADERS = { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' }

/** A scrape within this time of another one gets the same text (T-28). */
const SAME_TEXT_MS = 1000

/** One text at a time: scrapes that come while it is made, or soon after, share it. */
export function createMetricsPage(options: MetricsPageOptions): MetricsPage {
  const { clock, bearer } = options
  let last: { readonly text: Promise<string>; readonly at: number } | null = null
  let isRendering = false

  return {
    admits: (authorization = []) => bearer === null || presents(bearer, authorization),
    text() {
      const now = clock()
      if (last !== null && (isRendering || now - last.at < SAME_TEXT_MS)) return last.text
      isRendering = true
      const text = render(options).finally(() => {
        isRendering = false
      })
      last = { text, at: now }
      return text
    },
  }
}

/** Between two instruments the event loop goes on with requests: thousands of series take a while to write. */
async function render({ collect, resource }: MetricsPageOptions): Promise<string> {
  let text = targetInfo(resource)
  for (const reading of await collect()) {
    text += expositionOf(reading)
    await new Promise(resolve => setImmediate(resolve))
  }
  return text
}

/** Reports whether exactly one credential was sent, and it is `bearer`, in a time that tells nothing. */
function presents(bearer: string, authorization: readonly string[]): boolean {
  const [credential = ''] = authorization
  return isEqual(credential, `Bearer ${bearer}`) && authorization.length === 1
}
