/** What a collector did with one export. */
export type AttemptEnd =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs: number | null }
  | { readonly kind: 'broke'; readonly isTimeout: boolean; readonly wasSent: boolean; readonly cause: string }
  /** Nothing may be sent there, now or later. */
  | { readonly kind: 'forbidden'; readonly cause: string }
  | { readonly kind: 'no_credentials'; readonly cause: string }

/** Why a collector did not get an export. */
export type Loss = 'refused' | 'failed' | 'redirect' | 'timeout' | 'credentials'

/** What follows from it. */
export interface Verdict {
  /** What it says of the collector: `refused` says nothing, as it is about the export. */
  readonly health: 'well' | 'failing' | 'refused'
  readonly fate: 'forwarded' | 'retry' | 'drop'
  /** The reason of a drop; of a retry, when there is no further attempt. */
  readonly reason: Loss
}

const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422, 431])
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** The table of the manual (T-13). */
export function judge(end: AttemptEnd): Verdict {
  switch (end.kind) {
    case 'answered':
      return judgeStatus(end.status)
    case 'broke': {
      // It may have arrived, and a repeat would count differences twice.
      const isUnknown = end.isTimeout && end.wasSent
      if (isUnknown) return { health: 'failing', fate: 'drop', reason: 'timeout' }
      return { health: 'failing', fate: 'retry', reason: 'failed' }
    }
    case 'forbidden':
      return { health: 'failing', fate: 'drop', reason: 'failed' }
    case 'no_credentials':
      return { health: 'failing', fate: 'drop', reason: 'credentials' }
  }
}

function judgeStatus(status: number): Verdict {
  if (status >= 200 && status < 300) return { health: 'well', fate: 'forwarded', reason: 'failed' }
  if (REFUSALS.has(status)) return { health: 'refused', fate: 'drop', reason: 'refused' }
  if (RETRIED.has(status)) return { health: 'failing', fate: 'retry', reason: 'failed' }
  // Never followed: it would carry the operator's credentials elsewhere.
  if (status >= 300 && status < 400) return { health: 'failing', fate: 'drop', reason: 'redirect' }
  return { health: 'failing', fate: 'drop', reason: 'failed' }
}

/** `Retry-After` in milliseconds from `nowMs` of the Unix epoch (RFC 9110 section 10.2.3); null when it says nothing. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs)
}
