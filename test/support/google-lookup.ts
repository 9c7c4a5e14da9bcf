// A group look-up over a Workspace on loopback, with a clock of the test's own and no waiting.
import type { Pool } from 'pg'
import type { ReadFile } from '../../app/config/expand.ts'
import type { LookupSetup } from '../../app/identity/google/lookup-setup.ts'
import type { GoogleGroups } from '../../app/identity/google-groups.ts'
import { openGoogleGroups } from '../../app/identity/open-google-groups.ts'
import { ADMIN, DIRECTORY } from './google-tokens.ts'
import type { Workspace } from './google-workspace.ts'
import { type RecordedLog, recordLog } from './recorded-log.ts'

export const ROLE: LookupSetup['mode'] = { kind: 'service_account_role', account: DIRECTORY }
export const DELEGATION: LookupSetup['mode'] = {
  kind: 'keyless_delegation',
  admin: ADMIN,
  account: DIRECTORY,
}

export interface LookupRig {
  readonly groups: GoogleGroups
  readonly log: RecordedLog
  /** How long each repetition would have waited, in milliseconds. */
  readonly pauses: readonly number[]
  /** Lets the clock of the gateway go on. */
  pass(seconds: number): void
}

export interface LookupOptions extends Partial<LookupSetup> {
  readonly named?: readonly string[]
  readonly pool?: Pool
  readonly readFile?: ReadFile
}

export function openLookup(workspace: Workspace, options: LookupOptions = {}): LookupRig {
  const { named = [], pool = null, readFile = () => ({ kind: 'failed', code: 'ENOENT' }), ...setup } = options
  const log = recordLog()
  const pauses: number[] = []
  let ahead = 0
  const groups = openGoogleGroups({
    setup: {
      ...{ mode: ROLE, membership: 'direct', customer: undefined, cacheSeconds: 300, staleSeconds: 3600 },
      ...setup,
    },
    ...{ named, pool, readFile, log, network: workspace.network, clock: () => Date.now() + ahead },
    timing: { random: () => 1, pause: async ms => void pauses.push(ms) },
  })
  const pass = (seconds: number) => {
    ahead += seconds * 1000
  }
  return { groups, log, pauses, pass }
}

export const AT_SIGN_IN = { deadlineMs: 5000, useStale: false }
export const AT_REFRESH = { deadlineMs: 3000, useStale: true }
