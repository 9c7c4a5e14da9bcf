// Google groups: looked up by address, remembered for a while, and never fewer than Google said (S-40 to S-44).
import type { Clock } from '../lib/clock.ts'
import { DeadlineExceeded, withDeadline } from '../lib/deadline.ts'
import type { Log } from '../lib/log.ts'
import type { Patience } from './google/asking.ts'
import { diagnosisOf, type GroupDiagnosis, groupSentence } from './google/fault-sentence.ts'
import { Flights } from './google/flights.ts'
import { type GroupFault, GroupLookupFault } from './google/group-fault.ts'
import type { LookupSetup } from './google/lookup-setup.ts'
import type { Directory, Membership } from './google/membership.ts'
import type { Remembered, RememberedGroups } from './google/remembered-groups.ts'
import type { GroupAnswer, GroupLookup, GroupLookupFailure } from './group-lookup.ts'
import { createSteadyLog, type SteadyLog } from './steady-log.ts'

export interface GoogleGroupsOptions {
  readonly setup: Pick<LookupSetup, 'cacheSeconds' | 'staleSeconds'>
  readonly membership: Membership
  /** What each look-up asks with. */
  readonly directory: Omit<Directory, 'patience'>
  patience(signal: AbortSignal): Patience
  readonly remembered: RememberedGroups
  readonly clock: Clock
  readonly log: Log
}

/** What `diagnose` found: the groups, or what failed and what mends it. */
export type GroupsDiagnosis =
  | { readonly kind: 'groups'; readonly groups: readonly string[] }
  | ({ readonly kind: 'failed'; readonly reason: GroupLookupFailure } & GroupDiagnosis)

type Found = { readonly groups: readonly string[] } | { readonly fault: GroupFault }

/** Per replica (S-42). */
const MAX_LOOKUPS = 16

/** Who waits for one of them; beyond it a look-up fails at once. */
const MAX_WAITING = 1000

/** One look-up, whoever waits for it: as long as the most patient caller, a sign-in (S-43). */
const LOOKUP_MS = 5000

export class GoogleGroups implements GroupLookup {
  readonly #options: GoogleGroupsOptions
  readonly #flights = new Flights<Found>({ maxRunning: MAX_LOOKUPS, maxWaiting: MAX_WAITING })
  readonly #troubles: SteadyLog

  constructor(options: GoogleGroupsOptions) {
    this.#options = options
    this.#troubles = createSteadyLog(options.log, options.clock)
  }

  async groupsOf(
    email: string,
    { deadlineMs, useStale }: { deadlineMs: number; useStale: boolean },
  ): Promise<GroupAnswer> {
    const address = email.toLowerCase()
    const known = this.#options.remembered.inMemory(address)
    if (this.#isFresh(known)) return { kind: 'groups', groups: known.groups, stale: false }
    const found = await this.#findWithin(deadlineMs, address)
    if ('groups' in found) return { kind: 'groups', groups: found.groups, stale: false }
    const { reason } = found.fault
    // Somebody whom the directory denies is gone; that is an answer, and no outage to be bridged.
    const old =
      useStale && reason !== 'user_not_in_directory' ? this.#options.remembered.inMemory(address) : null
    return this.#isUsable(old)
      ? { kind: 'groups', groups: old.groups, stale: true }
      : { kind: 'failed', reason }
  }

  /** Asks Google now, past everything that is remembered, and says what it takes to mend what fails. */
  async diagnose(email: string): Promise<GroupsDiagnosis> {
    const found = await this.#ask(email.toLowerCase())
    if ('groups' in found) return { kind: 'groups', groups: found.groups }
    return { kind: 'failed', reason: found.fault.reason, ...diagnosisOf(found.fault) }
  }

  async #findWithin(deadlineMs: number, address: string): Promise<Found> {
    const flight = this.#flights.join(address, () => this.#find(address))
    if (flight === null)
      return this.#troubled({ reason: 'google_unavailable', step: 'directory', code: 'BUSY' })
    try {
      return await withDeadline(flight, deadlineMs)
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error
      return this.#troubled({ reason: 'google_unavailable', step: 'directory', code: 'TimeoutError' })
    }
  }

  /** From what another replica found, else from Google. */
  async #find(address: string): Promise<Found> {
    const { remembered } = this.#options
    const shared = await remembered.anywhere(address)
    if (this.#isFresh(shared)) return { groups: shared.groups }
    const found = await this.#ask(address)
    if ('groups' in found) {
      this.#troubles.recovered('groups: Google can be asked again')
      await remembered.keep(address, found.groups)
      return found
    }
    if (found.fault.reason === 'user_not_in_directory') await remembered.forget(address)
    return this.#troubled(found.fault)
  }

  async #ask(address: string): Promise<Found> {
    const { membership, directory, patience } = this.#options
    try {
      const groups = await membership(address, {
        ...directory,
        patience: patience(AbortSignal.timeout(LOOKUP_MS)),
      })
      return { groups }
    } catch (error) {
      if (!(error instanceof GroupLookupFault)) throw error
      return { fault: error.fault }
    }
  }

  /** Tells the operator; somebody who is not in the directory is nothing that they could mend. */
  #troubled(fault: GroupFault): Found {
    const text = `groups: ${groupSentence(fault)}`
    if (fault.reason === 'user_not_in_directory') this.#options.log.info(text)
    else if (fault.reason === 'google_unavailable') this.#troubles.warn(text)
    else this.#troubles.error(text)
    return { fault }
  }

  #isFresh(remembered: Remembered | null): remembered is Remembered {
    return this.#isYoungerThan(this.#options.setup.cacheSeconds, remembered)
  }

  #isUsable(remembered: Remembered | null): remembered is Remembered {
    return this.#isYoungerThan(this.#options.setup.staleSeconds, remembered)
  }

  #isYoungerThan(seconds: number, remembered: Remembered | null): remembered is Remembered {
    return remembered !== null && this.#options.clock() - remembered.at < seconds * 1000
  }
}
