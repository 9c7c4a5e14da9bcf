// The two halves of watching spend, joined: who may go on, and what they used.
import type { AdminConfig } from '../config/admin.ts'
import type { Charged } from './entry.ts'
import { type GateCaller, type OpenGate, SpendGate, type SpendGateOptions } from './gate.ts'
import type { RecordedUsage, Recording } from './recording.ts'
import type { SpendReader } from './spend-reader.ts'
import { UsageDocuments } from './usage-route.ts'

export interface OpenSpendOptions extends Omit<SpendGateOptions, 'groupLimitMode' | 'blockedMessage'> {
  readonly reader: Pick<SpendReader, 'read'>
  readonly recording: Recording
  readonly admin: Pick<AdminConfig, 'group_limit_mode' | 'blocked_message'>
}

/** Watches what developers spend: the gate before a request, the record after it. */
export interface OpenSpend {
  begin(caller: GateCaller): OpenGate
  settle(charged: Charged, record: RecordedUsage): Promise<void> | null
  release(admission: { readonly entryId: string; readonly isHeld: boolean }): void
  /** What a reply costs, in cents with at most three decimals. */
  costCents(record: RecordedUsage): string
  /** To be told of every cap that changes on this replica. */
  readonly usage: UsageDocuments
}

/** Everything of `admin` that requests meet, over one way to the store. */
export function openSpend(options: OpenSpendOptions): OpenSpend {
  const { reader, recording, clock, admin } = options
  const groupLimitMode = admin.group_limit_mode
  const gate = new SpendGate({ ...options, groupLimitMode, blockedMessage: admin.blocked_message })
  return {
    begin: caller => gate.begin(caller),
    settle: (charged, record) => recording.settle(charged, record),
    release: admission => recording.release(admission),
    costCents: record => recording.costCents(record),
    usage: new UsageDocuments({ reader, groupLimitMode, clock }),
  }
}
