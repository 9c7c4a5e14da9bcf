// What a settlement raised becomes an event of the audit, and a message that waits.
import type { Audit } from '../audit/events.ts'
import type { Log } from '../lib/log.ts'
import type { AlertRow } from '../store/spend-alerts.ts'
import { type Alert, readAlert } from './alert.ts'

export interface AlertsOptions {
  readonly audit: Audit
  readonly log: Log
  /** Null where no webhook is configured. */
  readonly delivery: { look(): Promise<void> } | null
}

/** Takes what settlements raised. */
export interface Alerts {
  /** Writes an event for each, and has them sent. Never throws and never waits. */
  raised(rows: readonly AlertRow[]): void
}

/** Only the settlement that stored an alert hands it over, so each is written once. */
export function createAlerts({ audit, log, delivery }: AlertsOptions): Alerts {
  return {
    raised(rows) {
      try {
        for (const row of rows) audit.write(thresholdEvent(readAlert(row)))
      } catch (error) {
        log.error('an alert cannot be written', { cause: String(error) })
      }
      if (rows.length > 0) void delivery?.look()
    },
  }
}

function thresholdEvent({ id, subject, period, periodKey, share, capCents }: Alert) {
  return {
    evt: 'spend.threshold' as const,
    scope: subject.kind,
    period,
    period_key: periodKey,
    fraction: share,
    cap_cents: capCents.toString(),
    ...(subject.kind === 'user' ? { sub: subject.sub } : { rbac_group_id: subject.group }),
    alert_id: id,
  }
}
