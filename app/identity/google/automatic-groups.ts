// Nested groups in every edition: by the search where there is one, by hand where there is not.
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { GroupLookupFault } from './group-fault.ts'
import type { Membership } from './membership.ts'
import { type TransitiveOptions, transitiveGroups } from './transitive-groups.ts'
import { walkedGroups } from './walked-groups.ts'

export interface AutomaticOptions extends TransitiveOptions {
  readonly clock: Clock
  readonly log: Log
}

/** After a refusal the transitive search is tried again this much later: an edition may have been bought. */
const AGAIN_AFTER_MS = 3_600_000

/** The transitive search where the edition has it, else the walk: `auto` of S-41. */
export function automaticGroups({ clock, log, ...options }: AutomaticOptions): Membership {
  let refusedAt = Number.NEGATIVE_INFINITY
  return async (email, directory) => {
    if (clock() - refusedAt < AGAIN_AFTER_MS) return walkedGroups(email, directory)
    try {
      return await transitiveGroups(email, directory, options)
    } catch (error) {
      if (!(error instanceof GroupLookupFault) || error.fault.reason !== 'role_missing') throw error
      if (refusedAt === Number.NEGATIVE_INFINITY) {
        log.info(
          'groups: this edition of Workspace refuses the transitive search, so nested groups are walked',
          {
            code: error.fault.code,
          },
        )
      }
      refusedAt = clock()
      return walkedGroups(email, directory)
    }
  }
}
