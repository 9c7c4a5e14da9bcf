// Limits and erasures go by the subject of the identity provider, while people know addresses.
import { printable } from '../lib/printable.ts'
import type { AdminApi } from './admin-api.ts'
import { EffectiveLimit, listed } from './admin-shapes.ts'
import { CommandFault } from './command-fault.ts'

/** Why `given` is not taken for a subject, and what to write instead. */
export interface AddressFinding {
  readonly text: string
  readonly fix: string
}

const MAX_NAMED = 5
const MAX_SHOWN = 120

/** Null when `given` may be meant as a subject: it holds no @, or somebody is known by exactly it. */
export async function addressFinding(api: AdminApi, given: string): Promise<AddressFinding | null> {
  if (!given.includes('@')) return null
  const people = await listed(api, {
    path: '/v1/organizations/spend_limits/effective',
    query: { q: given, 'period[]': 'monthly' },
    ...{ row: EffectiveLimit, paging: 'page', limit: 100, most: 1000 },
  })
  if (people.some(({ scope }) => scope.user_id === given)) return null
  const shown = printable(given, MAX_SHOWN)
  const subjects = people
    .filter(({ actor }) => actor.email_address?.toLowerCase() === given.toLowerCase())
    .map(({ scope }) => printable(scope.user_id, MAX_SHOWN))
  if (subjects.length > 0)
    return {
      text: `${shown} is an address, and only subjects are matched: it is that of ${subjects.slice(0, MAX_NAMED).join(', ')}`,
      fix: subjects.length === 1 ? `write ${subjects[0]}` : 'write one of them',
    }
  return {
    text: `${shown} looks like an address, only subjects are matched, and nobody with spend has it`,
    fix: '`limits effective --search TEXT` finds subjects; with --exact it is taken as it is',
  }
}

/** Throws when `given` is an address, with the subjects that it stands for. */
export async function requireSubject(
  api: AdminApi,
  given: string,
  { exact }: { readonly exact: boolean },
): Promise<void> {
  const finding = exact ? null : await addressFinding(api, given)
  if (finding !== null) throw new CommandFault(`${finding.text}.\n  Fix: ${finding.fix}.`)
}
