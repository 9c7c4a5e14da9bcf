import type { z } from 'zod'
import { parseRange } from '../lib/address.ts'
import { list, text, Unfit } from './scalar.ts'

/** A list of IP addresses and CIDR ranges; a bare address means itself alone. */
export function addressList(): z.ZodType<string[]> {
  return list(
    text(value =>
      parseRange(value) === null
        ? new Unfit('an IP address or a CIDR range', 'write it such as 10.0.0.0/8, 192.0.2.7 or fc00::/7.')
        : undefined,
    ),
  )
}
