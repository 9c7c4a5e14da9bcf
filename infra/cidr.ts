// Arithmetic on IPv4 ranges: how many addresses, which one is the sixth, do two of them meet.
import {
  type AddressRange,
  createAddressSet,
  formatAddress,
  parseAddress,
  parseRange,
} from '../app/lib/address.ts'

/** Reads `10.64.0.0/24`; null for IPv6, for a bare address, and for a range with host bits. */
export function parseCidr(text: string): AddressRange | null {
  const range = text.includes('/') ? parseRange(text) : null
  if (range === null || range.base.family !== 4) return null
  return text === `${formatAddress(range.base)}/${range.bits}` ? range : null
}

/** How many addresses `cidr` holds, first and last included. */
export function addressCount(cidr: string): number {
  return 2 ** (32 - checked(cidr).bits)
}

/** The address `index` places after the first one of `cidr`: `addressAt('10.0.0.0/28', 5)` is 10.0.0.5. */
export function addressAt(cidr: string, index: number): string {
  const first = checked(cidr).base.words[0]! // an IPv4 address has one word
  return formatAddress({ family: 4, words: [(first + index) >>> 0] })
}

/** Reports whether two ranges share an address. */
export function overlap(one: string, other: string): boolean {
  return holds(one, addressAt(other, 0)) || holds(other, addressAt(one, 0))
}

/** Reports whether `cidr` holds `address`. */
export function holds(cidr: string, address: string): boolean {
  const parsed = parseAddress(address)
  return parsed !== null && createAddressSet([cidr]).includes(parsed)
}

function checked(cidr: string): AddressRange {
  const range = parseCidr(cidr)
  if (range === null) throw new Error(`not an IPv4 range: ${cidr}`) // the settings refuse it before
  return range
}
