// Whether the name that clients are told leads to private addresses only: they refuse one that does not.
import { createAddressSet, parseAddress } from '../lib/address.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** RFC 1918, RFC 6598, RFC 4193, and this machine. */
const PRIVATE = createAddressSet([
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8'],
  ...['fc00::/7', '::1/128'],
])

/** Reports whether an address as a resolver wrote it is one that only the inside can reach. */
export function isPrivate(text: string): boolean {
  const address = parseAddress(text)
  return address !== null && PRIVATE.includes(address)
}

export const hostDns: Check = {
  id: 'host-dns',
  async examine({ origin, resolve }) {
    const host = new URL(origin).hostname.replace(/^\[(.*)\]$/, '$1')
    const addresses = parseAddress(host) === null ? await resolve(host) : [host]
    const zone = `in a private zone named exactly ${host}, one A record for the balancer's address`
    if (addresses.length === 0) return fail(`${host} has no address`, zone)
    const open = addresses.filter(address => !isPrivate(address))
    if (open.length > 0) {
      const sixes = open.some(address => address.includes(':')) ? ', and drop its AAAA record' : ''
      return fail(`${host} leads to ${open.join(', ')}, which anybody may reach`, `${zone}${sixes}`)
    }
    const onlyHere = addresses.every(address => address === '::1' || address.startsWith('127.'))
    if (onlyHere)
      return warn(`${host} leads to this machine only`, 'fine for a trial; developers need a name they reach')
    return ok(`${host} leads to ${addresses.join(', ')}`)
  },
}
