import type { AdminConfig } from '../config/admin.ts'
import { SpendGate, type SpendGateOptions } from './gate.ts'
import type { SpendReader } from './spend-reader.ts'
import { UsageDocuments } from './usage-route.ts'

export interface OpenSpendOptions extends Omit<SpendGateOptions, 'groupLimitMode' | 'blockedMessage'> {
  readonly reader: Pick<SpendReader, 'read'>
  readonly admin: Pick<AdminConfig, 'group_limit_mode' | 'blocked_message'>
}

/** What asks where developers stand with their spend. */
export interface OpenSpend {
  readonly gate: SpendGate
  /** To be told of every cap that changes on this replica. */
  readonly usage: UsageDocuments
}

/** The gate and the documents of `admin`, over one way to the store. */
export function openSpend(options: OpenSpendOptions): OpenSpend {
  const { reader, clock, admin } = options
  const groupLimitMode = admin.group_limit_mode
  return {
    gate: new SpendGate({ ...options, groupLimitMode, blockedMessage: admin.blocked_message }),
    usage: new UsageDocuments({ reader, groupLimitMode, clock }),
  }
}
