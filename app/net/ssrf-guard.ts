// Where no outbound request may go, whatever name, spelling or redirect led there (H-35). Pure: the
// verdicts are values, and net/network.ts acts on them.

import { type Address, createAddressSet, parseAddress } from '../lib/address.ts'

/** Why a host is out of bounds. */
export type Category =
  | 'unspecified'
  | 'loopback'
  | 'link-local'
  | 'metadata'
  | 'multicast'
  | 'reserved'
  | 'unreadable'

// RFC 1918, RFC 6598 and RFC 4193 are absent on purpose: identity providers and collectors live there.
const RANGES: readonly (readonly [Category, readonly string[]])[] = [
  ['unspecified', ['0.0.0.0/8', '::/128']],
  ['loopback', ['127.0.0.0/8', '::1/128']],
  // The metadata servers of AWS, Google, Alibaba, Azure and Oracle that are not link-local.
  ['metadata', ['fd00:ec2::/32', 'fd20:ce::254', '100.100.100.200', '168.63.129.16', '192.0.0.192']],
  ['metadata', ['169.254.169.254', '169.254.170.2']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  ['reserved', ['240.0.0.0/4']],
]

const METADATA_NAMES = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'metadata',
  'instance-data',
  'instance-data.ec2.internal',
])

const TABLE = RANGES.map(([category, ranges]) => ({ category, ranges: createAddressSet(ranges) }))

/**
 * Judges the host of a parsed URL before any look-up: a literal in any spelling, or a name. Null when
 * nothing speaks against it so far; a name's addresses are judged once they are known.
 */
export function judgeHost(host: string): Category | null {
  const name = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '')
  const address = parseAddress(normalised(name))
  if (address) return judgeAddress(address)
  if (name.includes(':')) return 'unreadable'
  if (name === 'localhost' || name.endsWith('.localhost')) return 'loopback'
  return METADATA_NAMES.has(name) ? 'metadata' : null
}

/** Judges an address as a resolver wrote it; what cannot be read, such as one with a zone, is refused. */
export function judgeAnswer(text: string): Category | null {
  const address = parseAddress(text)
  return address ? judgeAddress(address) : 'unreadable'
}

/** Judges an address, and the IPv4 addresses that it stands for. */
function judgeAddress(address: Address): Category | null {
  const row = TABLE.find(({ ranges }) => ranges.includes(address))
  if (row) return row.category
  const embedded = embeddedIn(address)
  if (embedded === null) return null
  if (embedded.length === 0) return 'unreadable'
  for (const word of embedded) {
    const category = judgeAddress({ family: 4, words: [word] })
    if (category) return category
  }
  return null
}

// `2130706433`, `0x7f.1` and `0177.0.0.1` are addresses to the system's resolver; the URL standard's
// parser turns them into the dotted form and leaves names alone.
function normalised(name: string): string {
  const url = name.includes(':') || name === '' ? null : URL.parse(`http://${name}`)
  return url?.hostname ?? name
}

/** The IPv4 addresses that an IPv6 address delivers to; null when it is an ordinary one, empty when unreadable. */
function embeddedIn(address: Address): number[] | null {
  const [first = 0, second = 0, third = 0, last = 0] = address.words
  if (address.family === 4) return null
  // RFC 4291 section 2.5.5: mapped and compatible addresses. RFC 2765 section 2.1: translated ones.
  if (first === 0 && second === 0 && (third === 0 || third === 0xffff || third === 0xffff0000)) return [last]
  if (first === 0x0064ff9b) return fromTranslator(second, third, last)
  // RFC 3056 section 2: the relay's address follows the prefix of 6to4.
  if (first >>> 16 === 0x2002) return [((first << 16) | (second >>> 16)) >>> 0]
  // RFC 4380 section 4: a Teredo address names its server and, inverted, its client.
  if (first === 0x20010000) return [second, ~last >>> 0]
  return null
}

// RFC 6052 section 2.2: a NAT64 prefix of 96 bits leaves the last 32 for the address; one of 48 bits, as
// in the local-use prefix of RFC 8215, puts it around a zero octet. Other lengths cannot be told apart.
function fromTranslator(second: number, third: number, last: number): number[] | null {
  if (second === 0 && third === 0) return [last]
  if (second >>> 16 !== 1) return null
  if ((second & 0xffff) === 0 && third === 0) return [last]
  const isAroundZeroOctet = third >>> 24 === 0 && (third & 0xff) === 0 && last === 0
  return isAroundZeroOctet ? [(((second & 0xffff) << 16) | ((third >>> 8) & 0xffff)) >>> 0] : []
}
