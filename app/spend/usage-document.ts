// The body of GET /api/oauth/usage: members in the order and spelling that clients have seen (M-19, M-20).
import { wholeCents } from './money.ts'
import { CRITICAL_PERCENT, hundredths, isAbove, WARNING_PERCENT } from './utilization.ts'
import { type Budget, isSpent, type Standing, spokenOf } from './verdict.ts'

/** Written by hand, as a number of JSON may have more digits than a number of JavaScript. */
export function usageDocument(standing: Pick<Standing, 'spent'>, budgets: readonly Budget[]): string {
  const spoken = spokenOf(budgets)
  if (spoken === null) return uncapped(standing)
  const used = wholeCents(spoken.spent)
  const rows = budgets.map(budget => limitRow(budget, { isActive: budget === spoken }))
  const extra = `"monthly_limit":${spoken.cap.cents},"used_credits":${used},"utilization":${percentOf(spoken)}`
  return `{"extra_usage":{"is_enabled":true,${extra},"currency":"USD"},"limits":[${rows.join(',')}]}`
}

function uncapped({ spent }: Pick<Standing, 'spent'>): string {
  const member = (period: 'daily' | 'weekly' | 'monthly', name: string) =>
    `"${name}":null,"used_credits":${wholeCents(spent[period])},"utilization":null`
  const month = `"is_enabled":true,${member('monthly', 'monthly_limit')},"currency":"USD"`
  const others = `"daily":{${member('daily', 'limit')}},"weekly":{${member('weekly', 'limit')}}`
  return `{"extra_usage":{${month},${others}},"limits":[]}`
}

function limitRow(budget: Budget, { isActive }: { isActive: boolean }): string {
  const { period, endsAt } = budget.span
  const percent = percentOf(budget)
  const [resets, severity] = [new Date(endsAt).toISOString(), severityOf(budget)]
  return `{"kind":"spend","group":"${period}","percent":${percent},"resets_at":"${resets}","severity":"${severity}","is_active":${isActive}}`
}

/** At most 99 while something may be spent, at least 100 when nothing may. */
function percentOf(budget: Budget): bigint {
  const percent = hundredths(budget)
  if (isSpent(budget)) return percent
  return percent > 99n ? 99n : percent
}

function severityOf(budget: Budget): 'normal' | 'warning' | 'critical' {
  if (isSpent(budget) || isAbove(budget, CRITICAL_PERCENT)) return 'critical'
  return isAbove(budget, WARNING_PERCENT) ? 'warning' : 'normal'
}
