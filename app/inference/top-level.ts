// What the scanner remembers of a body: where its top-level members stand, as offsets, and which came twice.

/**
 * The members that a rule reads or an edit writes.
 *
 * Only these are remembered, so that a body of a million members costs no memory of its own.
 *
 * Each may come once: otherwise one value could be checked and another one used by the upstream (I-85).
 */
export const READ_MEMBERS = [
  'model',
  'stream',
  'tools',
  'tags',
  'anthropic_version',
  'anthropic_beta',
] as const

/** Members whose place is remembered only, and for which nobody is refused: of one that stands twice that of the first. */
const LOCATED_MEMBERS = ['messages', 'max_tokens'] as const

export type MemberName = (typeof READ_MEMBERS)[number]
type LocatedName = (typeof LOCATED_MEMBERS)[number]

/** One top-level member; offsets count from the body's first byte, ends are one past. */
export interface Member {
  /** Unescaped. */
  readonly name: MemberName | LocatedName
  /** Its place among all members, from 0. */
  readonly index: number
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  /** Whether the name stands twice: then nobody knows which value an upstream takes. */
  readonly isRepeated: boolean
  /** Null for the first member. */
  readonly commaBefore: number | null
  /** Null for the last member. */
  readonly commaAfter: number | null
}

export interface TopLevelMembers {
  /** Where the opening brace stands. */
  readonly open: number
  /** How many members there are, remembered or not. */
  readonly memberCount: number
  readonly members: readonly Member[]
  /** Whether a member is a setting of the provider's platform rather than of the Messages API (I-42). */
  readonly hasProviderSettings: boolean
}

/** How such a member begins, in any case: a setting in another case is refused rather than trusted to be ignored. */
const SETTINGS = 'amazon-bedrock-'

/** Enough for the longest name with every character escaped; a longer key is none of ours. */
const KEY_BYTES = 6 * Math.max(...READ_MEMBERS.map(name => name.length))

const NAMES: ReadonlyMap<string, MemberName | LocatedName> = new Map(
  [...READ_MEMBERS, ...LOCATED_MEMBERS].map(name => [name, name]),
)

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Collects the members of the outermost object as the scanner passes them; every offset is one of the whole body. */
export class TopLevel {
  /** Where the opening brace stands; null while the body is no object. */
  open: number | null = null
  memberCount = 0
  hasProviderSettings = false
  /** The first name found twice. */
  repeated: MemberName | null = null
  readonly members: Writable<Member>[] = []
  #commaBefore: number | null = null
  #keyStart = 0
  /** Where in the current chunk the key bytes begin that are not in `#key` yet. */
  #keyFrom = 0
  /** The key as it stands in the body, still escaped. */
  #key = ''
  /** The member that is being read, when it is one to remember. */
  #current: Writable<Member> | null = null

  /** A key's opening quote stands at `offset`; its bytes begin at `from` in the current chunk. */
  beginKey(offset: number, from: number): void {
    this.#keyStart = offset
    this.#keyFrom = from
    this.#key = ''
  }

  /** The chunk ends inside the key. */
  keyGoesOn(chunk: Buffer): void {
    this.#collect(chunk, chunk.length)
    this.#keyFrom = 0
  }

  /** The key's closing quote stands at `offset`, which is `to` in the current chunk. */
  endKey(offset: number, chunk: Buffer, to: number): void {
    const index = this.memberCount++
    this.#current = null
    this.#collect(chunk, to)
    this.hasProviderSettings ||= beginsAs(this.#key, SETTINGS)
    if (offset - this.#keyStart - 1 > KEY_BYTES) return
    const name = NAMES.get(unescaped(this.#key))
    if (name === undefined) return
    const earlier = this.members.find(member => member.name === name)
    if (earlier !== undefined) {
      earlier.isRepeated = true
      if (name !== 'messages' && name !== 'max_tokens') this.repeated ??= name
      return
    }
    const places = { keyStart: this.#keyStart, keyEnd: offset + 1, valueStart: 0, valueEnd: 0 }
    const commas = { commaBefore: this.#commaBefore, commaAfter: null }
    this.#current = { name, index, ...places, isRepeated: false, ...commas }
    this.members.push(this.#current)
  }

  beginValue(offset: number): void {
    if (this.#current !== null) this.#current.valueStart = offset
  }

  endValue(offset: number): void {
    if (this.#current !== null) this.#current.valueEnd = offset
  }

  comma(offset: number): void {
    if (this.#current !== null) this.#current.commaAfter = offset
    this.#commaBefore = offset
  }

  #collect(chunk: Buffer, to: number): void {
    const room = KEY_BYTES - this.#key.length
    if (room > 0) this.#key += chunk.toString('latin1', this.#keyFrom, Math.min(to, this.#keyFrom + room))
  }
}

/** Reports whether a key begins with `prefix`, in any case; `key` is escaped and may be cut off anywhere later. */
function beginsAs(key: string, prefix: string): boolean {
  let at = 0
  for (const wanted of prefix) {
    const isEscaped = key[at] === '\\'
    const character = isEscaped
      ? String.fromCharCode(Number.parseInt(key.slice(at + 2, at + 6), 16))
      : (key[at] ?? '')
    if (character.toLowerCase() !== wanted) return false
    at += isEscaped ? 6 : 1
  }
  return true
}

/** Our names are ASCII, so a key with other bytes may be read as Latin-1: it stays a name that is none of ours. */
function unescaped(key: string): string {
  return key.includes('\\') ? JSON.parse(`"${key}"`) : key
}
