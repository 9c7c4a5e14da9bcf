import { Construct } from 'constructs'
import { BillingBudget } from './google.ts'

export interface BudgetProps {
  readonly name: string
  /** Digits: a budget filters by number, never by id (G-58). */
  readonly projectNumber: string
  /** Such as `012345-6789AB-CDEF01`; whoever applies needs rights on it. */
  readonly billingAccount: string
  /** A month's, in whole units of the currency. */
  readonly amount: number
  readonly currency: string
  /** Shares of the amount at which mail is sent, such as 0.5. */
  readonly thresholds: readonly number[]
  /** Ids of notification channels, beside the billing account's own people. Google takes five; more are left out. */
  readonly channels: readonly string[]
}

/** Tells the billing account's people, and the channels, how much of a month's amount this project has used. It stops nothing. */
export class Budget extends Construct {
  constructor(scope: Construct, id: string, props: BudgetProps) {
    super(scope, id)

    new BillingBudget(this, 'budget', {
      ...{ billingAccount: props.billingAccount, displayName: `${props.name}: a month` },
      budgetFilter: { projects: [`projects/${props.projectNumber}`], calendarPeriod: 'MONTH' },
      amount: { specifiedAmount: { currencyCode: props.currency, units: String(props.amount) } },
      thresholdRules: props.thresholds.map(thresholdPercent => ({ thresholdPercent })),
      ...(props.channels.length > 0 && {
        allUpdatesRule: { monitoringNotificationChannels: props.channels.slice(0, 5) },
      }),
    })
  }
}
