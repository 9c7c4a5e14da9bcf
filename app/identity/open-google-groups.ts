// Puts the look-up of Google groups together from its configuration; nothing is asked before the first person.
import { setTimeout as pause } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { ReadFile } from '../config/expand.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { guardedFetch } from '../net/fetch.ts'
import { googleAccount } from '../net/google-account.ts'
import { createGoogleApis } from '../net/google-apis.ts'
import { fetchGoogleToken } from '../net/google-credentials.ts'
import type { Network } from '../net/network.ts'
import type { Patience } from './google/asking.ts'
import type { LookupMode, LookupSetup } from './google/lookup-setup.ts'
import { CLOUD_IDENTITY_SCOPE, DIRECTORY_SCOPE, lookupTokens } from './google/lookup-tokens.ts'
import { membershipOf } from './google/memberships.ts'
import { RememberedGroups } from './google/remembered-groups.ts'
import { GoogleGroups } from './google-groups.ts'

export interface OpenGoogleGroupsOptions {
  readonly setup: LookupSetup
  /** The groups that the configuration names, for the membership `check`. */
  readonly named: readonly string[]
  readonly network: Pick<Network, 'dispatcher'>
  /** Shares answers among replicas; null keeps them in memory. */
  readonly pool: Pool | null
  readonly readFile: ReadFile
  readonly clock: Clock
  readonly log: Log
  /** Between two repetitions; the machine's timer and chance by default. */
  readonly timing?: Pick<Patience, 'random' | 'pause'>
}

/** One request, and the longest answer: a page of 1000 groups is some hundred KiB (H-33, H-34). */
const REQUEST_MS = 5000
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** Opens the look-up, and says in the log how it asks. */
export function openGoogleGroups(options: OpenGoogleGroupsOptions): GoogleGroups {
  const { setup, named, network, pool, readFile, clock, log } = options
  const bounds = { totalMs: REQUEST_MS, maxBytes: MAX_ANSWER_BYTES }
  const transport = guardedFetch({ dispatcher: network.dispatcher({ purpose: 'google' }), ...bounds })
  const ambient = guardedFetch({ dispatcher: network.dispatcher({ purpose: 'ambient' }), ...bounds })
  const timing = options.timing ?? { random: Math.random, pause: unheldPause }
  const patience = (signal: AbortSignal): Patience => ({ ...timing, signal })
  const apis = createGoogleApis(transport)
  const tokenFor = lookupTokens({
    ...{ mode: setup.mode, apis, transport, readFile, clock, log, patience },
    credentials: {
      token: scope => fetchGoogleToken(ambient, { scope }),
      account: () => googleAccount(ambient),
    },
  })
  log.info(`groups: looked up at Google by ${describedMode(setup.mode)}; membership: ${setup.membership}`)
  return new GoogleGroups({
    ...{ setup, patience, clock, log },
    membership: membershipOf({ setup, named, clock, log }),
    directory: {
      apis,
      directoryToken: tokenFor(DIRECTORY_SCOPE),
      cloudIdentityToken: tokenFor(CLOUD_IDENTITY_SCOPE),
    },
    remembered: new RememberedGroups({ pool, clock, log }),
  })
}

/** A pause that does not keep the process from ending. */
function unheldPause(ms: number, signal: AbortSignal): Promise<unknown> {
  return pause(ms, undefined, { signal, ref: false })
}

function describedMode(mode: LookupMode): string {
  switch (mode.kind) {
    case 'service_account_role':
      return `the Workspace role of ${mode.account ?? "the workload's own account"}`
    case 'keyless_delegation':
      return `delegation to ${mode.account ?? "the workload's own account"}, signed by Google`
    case 'key_file':
      return 'delegation with a key file'
  }
}
