import { type Period, periodOf } from '../lib/periods.ts'
import type { AlertRow } from '../store/spend-alerts.ts'
import { type NanoUsd, nanoUsd } from './money.ts'

/** What a developer or a group spent reached a share of what may be spent (M-48a). */
export interface Alert {
  /** Of this alert alone, however often it is sent. */
  readonly id: string
  readonly subject: AlertSubject
  readonly period: Period
  /** `2026-11-22`, `2026-W47` or `2026-11`. */
  readonly periodKey: string
  /** A decimal such as `0.8`. */
  readonly share: string
  readonly capCents: bigint
  /** What had been spent of it. */
  readonly spent: NanoUsd
}

/** Whose cap it is: a developer's, or the shared budget of a group. */
export type AlertSubject =
  | { readonly kind: 'user'; readonly sub: string }
  | { readonly kind: 'pool'; readonly group: string }

export function readAlert({ id, scope, period, share, cap_cents, nano_usd }: AlertRow): Alert {
  const colon = scope.indexOf(':')
  const name = scope.slice(colon + 1)
  return {
    ...{ id, share, periodKey: period, period: periodOf(period) },
    subject: scope.slice(0, colon) === 'pool' ? { kind: 'pool', group: name } : { kind: 'user', sub: name },
    capCents: BigInt(cap_cents),
    spent: nanoUsd(BigInt(nano_usd)),
  }
}
