// Which way of reading groups a configuration means.
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { automaticGroups } from './automatic-groups.ts'
import { checkedGroups } from './checked-groups.ts'
import { directGroups } from './direct-groups.ts'
import { GROUP_ADDRESS } from './group-pages.ts'
import type { LookupSetup } from './lookup-setup.ts'
import type { Membership } from './membership.ts'
import { transitiveGroups } from './transitive-groups.ts'

export interface MembershipOptions {
  readonly setup: Pick<LookupSetup, 'membership' | 'customer'>
  /** The groups that the configuration names. */
  readonly named: readonly string[]
  readonly clock: Clock
  readonly log: Log
}

/** Answers the one way that the setup asks for. */
export function membershipOf({ setup, named, clock, log }: MembershipOptions): Membership {
  const { membership, customer } = setup
  switch (membership) {
    case 'direct':
      return directGroups
    case 'transitive':
      return (email, directory) => transitiveGroups(email, directory, { customer })
    case 'auto':
      return automaticGroups({ customer, clock, log })
    case 'check': {
      const addresses = [...new Set(named.map(name => name.toLowerCase()))].filter(name =>
        GROUP_ADDRESS.test(name),
      )
      return (email, directory) => checkedGroups(email, directory, addresses)
    }
  }
}
