// Whether a machine's settings are the ones that it should have, as far as its client says (P-44).
import { createHmac, randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Pool } from 'pg'
import type { SettingsState } from '../audit/events.ts'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import { createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import { noteServed, servedLately } from '../store/settings-checksums.ts'
import { type Every, machineTimer } from '../store/sweeper.ts'
import type { PolicySet } from './policy-set.ts'

export interface SettingsDriftOptions {
  readonly pool: Pool
  readonly policies: Pick<PolicySet, 'served' | 'documents'>
  /** `gatehouse.policy.accepted_checksums`. */
  readonly accepted: readonly string[]
  readonly clock: Clock
  readonly log: Log
  /** The machine's timer by default. */
  readonly every?: Every | undefined
}

/** Judges what clients say of their settings. */
export interface SettingsDrift {
  /** Judges a request by its checksum header; a header that is no checksum counts as none. */
  stateOf(identity: Identity, headers: IncomingHttpHeaders): SettingsState
  /** Resolves when nothing is being asked of the store any more. */
  close(): Promise<void>
}

const HEADER = 'x-claude-code-managed-settings-checksum'
const CHECKSUM = /^(?:sha256:)?([0-9a-f]{64})$/i
const HOUR_MS = 3_600_000

/**
 * Reads what was served in the last 24 hours, now and every hour, and notes what this replica serves.
 *
 * A store that fails costs knowledge of earlier documents, never a start or a request.
 */
export async function openSettingsDrift(options: SettingsDriftOptions): Promise<SettingsDrift> {
  const { pool, policies, clock, log, every = machineTimer } = options
  const judge = createJudge(options)
  const failing = createCondition({ log, clock, text: 'checksums of settings cannot be kept in the store' })
  let running: Promise<void> | null = null
  const exchange = async () => {
    try {
      const earlier = await servedLately(pool)
      judge.learn(earlier.map(({ checksum, leftMs }) => [checksum, clock() + leftMs]))
      await noteServed(
        pool,
        policies.documents.map(({ checksum }) => checksum),
      )
      failing.ended()
    } catch (error) {
      failing.occurred({ cause: error instanceof Error ? error.message : String(error) })
    }
    running = null
  }
  const tick = () => {
    running ??= exchange()
    return running
  }
  await tick()
  const end = every(HOUR_MS, tick)
  return {
    stateOf: judge.stateOf,
    async close() {
      end()
      await running
    },
  }
}

/**
 * What is compared never leaves this scope, and is compared under a key that only this process knows: how long a
 * look-up takes tells nothing about a checksum.
 */
function createJudge({ policies, accepted, clock }: SettingsDriftOptions) {
  const key = randomBytes(32)
  const masked = (hex: string) => createHmac('sha256', key).update(hex.toLowerCase()).digest('base64url')
  const maskedOf = (checksum: string) => masked(CHECKSUM.exec(checksum)?.[1] ?? '')
  const current = new Map(policies.documents.map(document => [document, maskedOf(document.checksum)]))
  const isAccepted = new Set(accepted.map(maskedOf))
  /** With the time from which on it does not count any more. */
  let earlier = new Map<string, number>()
  return {
    learn(entries: readonly (readonly [checksum: string, until: number])[]): void {
      earlier = new Map(entries.map(([checksum, until]) => [maskedOf(checksum), until]))
    },
    stateOf(identity: Identity, headers: IncomingHttpHeaders): SettingsState {
      const sent = headers[HEADER]
      const hex = typeof sent === 'string' ? CHECKSUM.exec(sent)?.[1] : undefined
      if (hex === undefined) return 'missing'
      const presented = masked(hex)
      const served = policies.served(identity)
      if (served !== null && current.get(served.document) === presented) return 'current'
      // Another policy's document is what somebody holds whose groups have changed.
      if ([...current.values()].includes(presented) || clock() < (earlier.get(presented) ?? 0))
        return 'previous'
      return isAccepted.has(presented) ? 'accepted' : 'unknown'
    },
  }
}
