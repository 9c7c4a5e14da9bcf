// The two halves of watching spend, joined: who may go on, and what they used.
import type { AdminConfig } from '../config/admin.ts'
import type { Charged } from './entry.ts'
import type { Asked } from './estimate.ts'
import { type GateCaller, type OpenGate, SpendGate, type SpendGateOptions } from './gate.ts'
import type { Holds } from './holds.ts'
import type { NanoUsd } from './money.ts'
import type { RecordedUsage, Recording } from './recording.ts'
import type { SpendReader } from './spend-reader.ts'
import { UsageDocuments } from './usage-route.ts'

type FromHere = 'groupLimitMode' | 'blockedMessage' | 'reserving'

export interface OpenSpendOptions extends Omit<SpendGateOptions, FromHere> {
  readonly reader: Pick<SpendReader, 'read' | 'reserve'>
  readonly recording: Recording
  /** Null where nothing is reserved. */
  readonly reserving: {
    readonly holds: Pick<Holds, 'keep' | 'leave'>
    /** What a request may cost. */
    estimate(asked: Asked): NanoUsd
  } | null
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
  const { reader, recording, reserving, clock, admin } = options
  const groupLimitMode = admin.group_limit_mode
  const gate = new SpendGate({
    ...{ ...options, groupLimitMode, blockedMessage: admin.blocked_message },
    reserving: reserving && {
      reader,
      estimate: asked => reserving.estimate(asked),
      taken: entryId => reserving.holds.keep(entryId),
      unserved: entryId => recording.release({ entryId, isHeld: true }),
    },
  })
  return {
    begin: caller => gate.begin(caller),
    settle(charged, record) {
      reserving?.holds.leave(charged.entryId)
      return recording.settle(charged, record)
    },
    release(admission) {
      reserving?.holds.leave(admission.entryId)
      recording.release(admission)
    },
    costCents: record => recording.costCents(record),
    usage: new UsageDocuments({ reader, groupLimitMode, clock }),
  }
}
