// How long an upstream wants to be left alone with a model, by its own words.

/** For a 429 that names no time, as the clouds send it. */
const UNNAMED_MS = 5000

/** The statuses whose `retry-after` is about the upstream's load. */
const LOADED = [429, 503, 529]

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Milliseconds, at most `maxMs`; 0 for none. */
export function cooldownOf(answer: Answer, maxMs: number): number {
  if (!LOADED.includes(answer.status)) return 0
  const named = retryAfterMs(answer)
  return Math.min(maxMs, named ?? (answer.status === 429 ? UNNAMED_MS : 0))
}

/** Seconds, or a date that is read against the answer's own (RFC 9110 section 10.2.3); null when it says neither. */
function retryAfterMs({ headers }: Answer): number | null {
  const text = headers['retry-after']
  if (typeof text !== 'string') return null
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const until = Date.parse(text) - Date.parse(String(headers['date']))
  return Number.isNaN(until) ? null : Math.max(0, until)
}
