import { isIP } from 'node:net'
import type { z } from 'zod'
import { list, text, Unfit } from './scalar.ts'

/** A list of IP addresses and CIDR ranges; a bare address means itself alone. */
export function addressList(): z.ZodType<string[]> {
  return list(
    text(value =>
      isRange(value)
        ? undefined
        : new Unfit('an IP address or a CIDR range', 'write it such as 10.0.0.0/8, 192.0.2.7 or fc00::/7.'),
    ),
  )
}

function isRange(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/')
  const bits = isIP(address) === 4 ? 32 : 128
  if (isIP(address) === 0 || rest.length > 0) return false
  return prefix === undefined || (/^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= bits)
}
