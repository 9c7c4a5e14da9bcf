import type { ScannedBody } from './body-edits.ts'
import { slicesBetween } from './body-slices.ts'

/** Longer than any whole number that is one in every program; `1e3` is a number of tokens too. */
const MAX_SOURCE = 32

/** What the body says of the length of its answer, in whole tokens; null where it says nothing that an upstream would take. */
export function maxTokensOf(body: ScannedBody): number | null {
  const member = body.members.find(({ name }) => name === 'max_tokens')
  if (member === undefined || member.isRepeated) return null
  if (member.valueEnd - member.valueStart > MAX_SOURCE) return null
  const source = Buffer.concat(slicesBetween(body.chunks, member.valueStart, member.valueEnd))
  const value: unknown = JSON.parse(source.toString('utf8'))
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
}
