// The ids of entries: the gateway's own, so that no client's value can stand for another request (M-31).
import { randomUUID } from 'node:crypto'

const VERSION = 14

/** A UUIDv7 of the moment `now`, in milliseconds since 1970 (RFC 9562 section 5.7): ids of one moment differ at random. */
export function entryIdAt(now: number): string {
  const time = now.toString(16).padStart(12, '0')
  // What a UUIDv4 has after its version stays: 12 random bits, the variant, and 62 more random bits.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(VERSION + 1)}`
}
