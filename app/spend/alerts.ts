// What a settlement raised becomes an event of the audit, and a message that waits.
import type { Audit } from '../audit/events.ts'
import type { Clock } from '../lib/clock.ts'
import { createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { AlertTerms, Raised } from '../store/spend-entries.ts'
import { type Alert, readAlert } from './alert.ts'

export interface AlertsOptions {
  /** `gatehouse.spend.alerts`. */
  readonly shares: readonly string[]
  /** `admin.group_limit_mode`. */
  readonly groupLimitMode: 'min' | 'max'
  readonly audit: Audit
  readonly log: Log
  readonly clock: Clock
  /** Null where no webhook is configured. */
  readonly delivery: { look(): Promise<void> } | null
}

/** What the ledger settles by, and whom it tells. */
export interface Alerts {
  readonly terms: AlertTerms
  /** Writes an event for each alert, and has them sent. Never throws and never waits. */
  settled(raised: Raised): void
}

/** So many alerts are remembered as written: a settlement is repeated soon, or not at all. */
const MAX_WRITTEN = 1000

/**
 * Only the settlement that stored an alert hands it over, and again when it is repeated because its answer was lost: so
 * each is written once. Null where no share raises one.
 */
export function createAlerts(options: AlertsOptions): Alerts | null {
  const { shares, groupLimitMode, audit, log, clock, delivery } = options
  if (shares.length === 0) return null
  const written = new Set<string>()
  const failing = createCondition({ log, clock, text: 'alerts of spend cannot be raised' })
  return {
    terms: { shares, groupLimitMode, isSent: delivery !== null },
    settled({ alerts, fault }) {
      if (fault === null) failing.ended()
      else failing.occurred({ cause: fault })
      const unwritten = alerts.filter(({ id }) => !written.has(id))
      if (unwritten.length === 0) return
      for (const row of unwritten) {
        audit.write(thresholdEvent(readAlert(row)))
        remember(written, row.id)
      }
      void delivery?.look()
    },
  }
}

/** The oldest is forgotten first: a set keeps the order of adding. */
function remember(written: Set<string>, id: string): void {
  const [oldest] = written
  if (written.size >= MAX_WRITTEN && oldest !== undefined) written.delete(oldest)
  written.add(id)
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
