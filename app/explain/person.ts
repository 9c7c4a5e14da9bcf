// The person that `explain` is asked about: as told on the command line, or as the store remembers them.
import type { ExplainArguments } from '../config/explain-arguments.ts'
import type { Person } from './explanation.ts'

/** Who somebody was at their last sign-in or refresh; null when nobody of that subject was seen. */
type FindPerson = (sub: string) => Promise<{ email: string | null; groups: readonly string[] } | null>

/** Answers the person, or what is wrong in a sentence; what the command line says wins over what the store remembers. */
export async function personOf(asked: ExplainArguments, find: FindPerson): Promise<Person | string> {
  const { sub, email, groups } = asked
  if (sub === undefined)
    return { sub: email ?? '', ...(email !== undefined && { email }), groups: groups ?? [] }
  const seen = await find(sub)
  if (seen === null) return `nobody with the subject ${sub} was seen: they sign in or refresh first`
  const address = email ?? seen.email
  return { sub, ...(address !== null && { email: address }), groups: groups ?? seen.groups }
}
