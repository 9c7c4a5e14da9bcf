import type { Identity } from '../identity/identity.ts'
import type { ScannedBody } from './body-edits.ts'
import { slicesBetween } from './body-slices.ts'
import { isObject } from './usage-record.ts'

/** Longer tags are not looked at, and no group has a longer name. */
const MAX_TAGS = 65_536
const MAX_NAME = 256

/**
 * The text at `tags.<tag>` of a request, if its developer's bearer lists that group; null for anything else (I-14).
 *
 * It says in the audit and in the day's usage whom the request is for, and changes nothing else.
 */
export function billingGroupOf(
  { chunks, members }: Pick<ScannedBody, 'chunks' | 'members'>,
  { tag, identity }: { tag: string; identity: Pick<Identity, 'groups'> },
): string | null {
  const member = members.find(({ name }) => name === 'tags')
  if (member === undefined || member.valueEnd - member.valueStart > MAX_TAGS) return null
  const source = Buffer.concat(slicesBetween(chunks, member.valueStart, member.valueEnd))
  const tags: unknown = JSON.parse(source.toString('utf8')) // the body was validated
  const group = isObject(tags) && Object.hasOwn(tags, tag) ? tags[tag] : undefined
  if (typeof group !== 'string' || group.length > MAX_NAME) return null
  return identity.groups?.includes(group) === true ? group : null
}
