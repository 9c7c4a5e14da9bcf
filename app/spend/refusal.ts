// What whoever may not spend is told: the sentence is for the person, the headers are for the client (3.2).
import { Refusal } from '../http/errors.ts'
import type { PeriodSpan } from '../lib/periods.ts'
import { dividedUp, ofCents } from './money.ts'
import { PREFIX } from './success-headers.ts'
import { hundredths, ratioText, type Share } from './utilization.ts'
import type { Blocked, Budget, Pool } from './verdict.ts'

export interface Wording {
  /** `admin.blocked_message`. */
  readonly blockedMessage: string | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What is used up, in words (M-17) and headers (M-15). */
export function blockedBy(verdict: Blocked, wording: Wording): Refusal {
  return verdict.kind === 'over_limit'
    ? overLimit(verdict.budget, wording)
    : poolExhausted(verdict.pool, verdict.span, wording)
}

function overLimit({ cap, limit, spent, span }: Budget, wording: Wording): Refusal {
  const text =
    cap.cents === 0n
      ? 'Spending is switched off for your account'
      : `Your ${span.period} spend limit is used up until ${momentText(span.endsAt)}`
  return new Refusal('over_budget', withMessage(text, wording), {
    headers: headersOf({ spent, limit }, span, wording.now),
  })
}

/** The shared budget of one of the caller's groups (M-47). */
function poolExhausted(pool: Pool, span: PeriodSpan, wording: Wording): Refusal {
  const until = momentText(span.endsAt)
  const text = `The shared monthly budget of group ${pool.group} is used up until ${until}`
  const share = { spent: pool.spent, limit: ofCents(pool.cents) }
  return new Refusal('over_budget', withMessage(text, wording), {
    headers: { ...headersOf(share, span, wording.now), [`${PREFIX}overage-scope`]: 'group_pool' },
  })
}

/** There is money, and the caller's running requests hold it (M-40). */
export function heldByOthers(): Refusal {
  return new Refusal('budget_held', 'Your other running requests hold the rest of your budget')
}

/** Spend cannot be read, and nobody may spend unseen (M-12). */
export function spendUnavailable(): Refusal {
  return new Refusal('spend_unavailable', 'spend limit unavailable')
}

/** Without `representative-claim` and `overage-status`: with them the client drops our sentence (M-15). */
function headersOf(share: Share, { period, endsAt }: PeriodSpan, now: number): Record<string, string> {
  const used = hundredths(share)
  const reset = (endsAt / 1000).toString()
  return {
    'retry-after': secondsUntil(endsAt, now),
    [`${PREFIX}status`]: 'rejected',
    [`${PREFIX}reset`]: reset,
    [`${PREFIX}overage-reset`]: reset,
    [`${PREFIX}overage-utilization`]: ratioText(used < 100n ? 100n : used),
    [`${PREFIX}overage-surpassed-threshold`]: '1',
    [`${PREFIX}overage-period`]: period,
    [`${PREFIX}overage-disabled-reason`]: 'org_spend_cap_reached',
  }
}

/** Whole seconds, rounded up, at least 1. */
function secondsUntil(moment: number, now: number): string {
  const seconds = dividedUp(BigInt(moment) - BigInt(now), 1000n)
  return (seconds < 1n ? 1n : seconds).toString()
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Dec 1, 00:00 UTC`: periods end at midnight. */
function momentText(moment: number): string {
  const date = new Date(moment)
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, 00:00 UTC`
}

function withMessage(text: string, { blockedMessage }: Wording): string {
  return blockedMessage === undefined ? text : `${text} · ${blockedMessage}`
}
