/**
 * IP addresses and ranges: parsing that accepts one spelling only, and matching.
 *
 * A dotted part with a leading zero is refused, because half the world reads it as octal. Zone ids are refused.
 */
export interface Address {
  readonly family: 4 | 6
  /** The address as unsigned 32-bit words, most significant first: one for IPv4, four for IPv6. */
  readonly words: readonly number[]
}

/** All addresses that share their first `bits` bits with `base`, whose other bits are zero. */
export interface AddressRange {
  readonly base: Address
  readonly bits: number
}

/** A list of ranges that can say whether it holds an address. */
export interface AddressSet {
  readonly isEmpty: boolean
  /** Reports whether any range holds `address`; IPv4 ranges also hold IPv4-mapped addresses. */
  includes(address: Address): boolean
}

/** Reads `192.0.2.1` or `2001:db8::1`; null for everything else. */
export function parseAddress(text: string): Address | null {
  if (!text.includes(':')) {
    const word = parseDotted(text)
    return word === null ? null : { family: 4, words: [word] }
  }
  const groups = parseGroups(text)
  if (groups === null) return null
  const words = [0, 2, 4, 6].map(i => groups[i]! * 0x10000 + groups[i + 1]!) // parseGroups answers eight
  return { family: 6, words }
}

/** Reads `10.0.0.0/8`, or a bare address as a range of one. Host bits are cleared; null when unreadable. */
export function parseRange(text: string): AddressRange | null {
  const [host = '', length, ...rest] = text.split('/')
  const address = parseAddress(host)
  if (address === null || rest.length > 0) return null

  const width = address.family === 4 ? 32 : 128
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return null
  const bits = length === undefined ? width : Number(length)
  if (bits > width) return null

  const base = unmapped(withoutHostBits(address, bits))
  const isMapped = base.family !== address.family && bits >= 96
  return isMapped ? { base, bits: bits - 96 } : { base: withoutHostBits(address, bits), bits }
}

/** Builds a set from ranges that the configuration has already checked; throws on one that it has not. */
export function createAddressSet(texts: readonly string[]): AddressSet {
  const ranges = texts.map(text => {
    const range = parseRange(text)
    if (range === null) throw new Error(`not an address range: ${text}`)
    return range
  })
  return {
    isEmpty: ranges.length === 0,
    includes: address => {
      if (ranges.length === 0) return false
      const plain = unmapped(address)
      return ranges.some(range => isInRange(plain, range))
    },
  }
}

/** Reports whether `range` holds `address`; addresses of different families never match. */
function isInRange(address: Address, { base, bits }: AddressRange): boolean {
  if (address.family !== base.family) return false
  for (let i = 0, left = bits; left > 0; i += 1, left -= 32) {
    const mask = maskOf(left)
    // Both words exist: the range's length was checked against the family's width.
    if (((address.words[i]! ^ base.words[i]!) & mask) !== 0) return false
  }
  return true
}

/** Turns an IPv4-mapped `::ffff:a.b.c.d` into the IPv4 address it stands for; others stay as they are. */
export function unmapped(address: Address): Address {
  const [first, second, third, last] = address.words
  const isMapped = address.family === 6 && first === 0 && second === 0 && third === 0xffff
  return isMapped && last !== undefined ? { family: 4, words: [last] } : address
}

/** Clears every bit after the first `bits`. */
function withoutHostBits(address: Address, bits: number): Address {
  const words = address.words.map((word, i) => (word & maskOf(bits - i * 32)) >>> 0)
  return { family: address.family, words }
}

/** Writes an address in its canonical form (RFC 5952 section 4). */
export function formatAddress(address: Address): string {
  if (address.family === 4) return formatDotted(address.words[0]!) // an IPv4 address has one word
  const [first, second, third, last] = address.words
  if (first === 0 && second === 0 && third === 0xffff) return `::ffff:${formatDotted(last!)}` // four words
  const groups = address.words.flatMap(word => [word >>> 16, word & 0xffff])
  const { start, length } = longestZeroRun(groups)
  const text = (part: number[]) => part.map(group => group.toString(16)).join(':')
  if (length < 2) return text(groups)
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}

function maskOf(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0
}

function parseDotted(text: string): number | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  let word = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return null
    const value = Number(part)
    if (value > 255) return null
    word = word * 256 + value
  }
  return word
}

function parseGroups(text: string): number[] | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseHalf(halves[0]!, halves.length === 1) // split answers at least one part
  const tail = halves[1] === undefined ? [] : parseHalf(halves[1], true)
  if (head === null || tail === null) return null
  if (halves.length === 1) return head.length === 8 ? head : null
  const missing = 8 - head.length - tail.length
  return missing < 1 ? null : [...head, ...new Array<number>(missing).fill(0), ...tail]
}

function parseHalf(text: string, mayEndDotted: boolean): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const word = mayEndDotted && i === parts.length - 1 ? parseDotted(part) : null
      if (word === null) return null
      groups.push(word >>> 16, word & 0xffff)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return null
  }
  return groups
}

function formatDotted(word: number): string {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.')
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0
    while (groups[start + length] === 0) length += 1
    if (length > best.length) best = { start, length }
  }
  return best
}
