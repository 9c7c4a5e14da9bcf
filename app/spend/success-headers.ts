// What a 2xx answer tells of the fullest cap, so that the client can warn before it is reached (3.1).
import { CRITICAL_PERCENT, hundredths, isAbove, ratioText, WARNING_PERCENT } from './utilization.ts'
import type { Budget } from './verdict.ts'

/** All headers that speak of spend begin so; the client reads them as it reads Anthropic's own. */
export const PREFIX = 'anthropic-ratelimit-unified-'

/** The headers of an admitted request; they describe the state before it. */
export function successHeaders(budget: Budget): Record<string, string> {
  const share = hundredths(budget)
  const status = isAbove(budget, WARNING_PERCENT) ? 'allowed_warning' : 'allowed'
  const reset = (budget.span.endsAt / 1000).toString()
  const headers: Record<string, string> = {
    [`${PREFIX}status`]: status,
    [`${PREFIX}reset`]: reset,
    [`${PREFIX}representative-claim`]: 'overage',
    [`${PREFIX}overage-status`]: status,
    [`${PREFIX}overage-reset`]: reset,
    [`${PREFIX}overage-utilization`]: ratioText(share > 99n ? 99n : share),
  }
  if (status === 'allowed_warning')
    headers[`${PREFIX}overage-surpassed-threshold`] = isAbove(budget, CRITICAL_PERCENT) ? '0.95' : '0.75'
  return headers
}
