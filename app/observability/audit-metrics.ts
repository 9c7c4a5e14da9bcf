// What is counted of the audit's events: sign-ins, requests without a valid bearer, and alerts of spend.
import type { Audit, AuditEvent } from '../audit/events.ts'
import type { Amount, Family, Measurements } from './series.ts'

/** Passes every event on to `audit`, and counts some of them. */
export function countingAudit(audit: Audit, measurements: Measurements): Audit {
  const denied = measurements.amounts('gatehouse.auth.denied')
  const steps = measurements.amounts('gatehouse.sign_in')
  const alerts = measurements.amounts('gatehouse.spend.alerts')
  return {
    write(event) {
      if (event.evt === 'spend.threshold') alerts.of(event.scope, event.fraction).add(1)
      else count(event, denied, steps)
      audit.write(event)
    },
  }
}

function count(event: AuditEvent, denied: Family<Amount>, steps: Family<Amount>): void {
  switch (event.evt) {
    case 'auth.denied':
      denied.of(event.reason).add(1)
      return
    case 'device.authorize':
      steps.of('authorize', event.result).add(1)
      return
    case 'device.verify':
      steps.of('verify', event.result).add(1)
      return
    case 'device.callback':
      steps.of('callback', event.result).add(1)
      return
    case 'session.mint':
      steps.of('mint', event.result).add(1)
      return
    case 'session.refresh':
      steps.of('refresh', event.result).add(1)
      return
    case 'session.revoke':
      steps.of('revoke', event.reason).add(1)
  }
}
