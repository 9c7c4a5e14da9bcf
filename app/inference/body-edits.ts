import { slicesBetween } from './body-slices.ts'
import type { Member, MemberName, TopLevelMembers } from './top-level.ts'

/** A change of one top-level member: `set` replaces the value or adds the member. */
export type BodyEdit =
  | { readonly kind: 'set'; readonly name: MemberName; readonly value: string | readonly string[] }
  | { readonly kind: 'delete'; readonly name: MemberName }

/** Takes the member away that says whom a request is for, where its beta does not go either (I-13). */
export const NO_TAGS: BodyEdit = { kind: 'delete', name: 'tags' }

/** A validated body: its bytes as they came, and where its top-level members stand. */
export interface ScannedBody extends TopLevelMembers {
  readonly chunks: readonly Buffer[]
  readonly length: number
}

interface EditedBody {
  readonly chunks: readonly Buffer[]
  readonly length: number
}

/** Replaces the bytes from `start` to `end`. */
interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * The body with `edits` applied, as slices of what came and small literals; every other byte is the sender's.
 *
 * At most one edit per member. Without a change the received chunks themselves are answered (I-87).
 */
export function editBody(body: ScannedBody, edits: readonly BodyEdit[]): EditedBody {
  const splices = splicesOf(body, edits).sort((a, b) => a.start - b.start)
  if (splices.length === 0) return body
  const chunks: Buffer[] = []
  let done = 0
  for (const { start, end, text } of splices) {
    chunks.push(...slicesBetween(body.chunks, done, start))
    if (text !== '') chunks.push(Buffer.from(text))
    done = end
  }
  chunks.push(...slicesBetween(body.chunks, done, body.length))
  return { chunks, length: chunks.reduce((sum, chunk) => sum + chunk.length, 0) }
}

function splicesOf(body: ScannedBody, edits: readonly BodyEdit[]): Splice[] {
  const splices: Splice[] = []
  const deleted: Member[] = []
  const added: string[] = []
  for (const edit of edits) {
    const member = body.members.find(({ name }) => name === edit.name)
    if (edit.kind === 'delete') {
      if (member !== undefined) deleted.push(member)
      continue
    }
    const value = JSON.stringify(edit.value)
    if (member === undefined) added.push(`${JSON.stringify(edit.name)}:${value}`)
    else splices.push({ start: member.valueStart, end: member.valueEnd, text: value })
  }
  if (added.length > 0) {
    const comma = deleted.length < body.memberCount ? ',' : ''
    splices.unshift({ start: body.open + 1, end: body.open + 1, text: added.join(',') + comma })
  }
  return [...splices, ...deletions(deleted, body.memberCount)]
}

/**
 * Each deleted member takes the comma after it, except those at the end of the object, which take the one before:
 * so two neighbours never claim the same comma, and none is left over.
 */
function deletions(deleted: readonly Member[], memberCount: number): Splice[] {
  const fromLast = [...deleted].sort((a, b) => b.index - a.index)
  let end = memberCount
  return fromLast.map(member => {
    const isAtEnd = member.index === end - 1
    if (isAtEnd) end--
    const start = isAtEnd ? (member.commaBefore ?? member.keyStart) : member.keyStart
    const stop = isAtEnd ? member.valueEnd : (member.commaAfter ?? member.valueEnd - 1) + 1
    return { start, end: stop, text: '' }
  })
}
