// CRC-32 (ISO 3309) of short pieces of a frame: for so few bytes a call of zlib's costs more than the work itself.
import { crc32 } from 'node:zlib'
import type { ViewedBytes } from './known-bytes.ts'

/** Of more bytes zlib is faster. */
const MAX_OWN = 320

/** Eight tables in one: the table `n` holds what a byte comes to that `n` further bytes follow. */
const TABLES = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte += 1) {
  let checksum = byte
  for (let bit = 0; bit < 8; bit += 1) checksum = (checksum >>> 1) ^ (checksum & 1 ? 0xedb88320 : 0)
  TABLES[byte] = checksum
}
for (let index = 256; index < TABLES.length; index += 1) {
  const before = TABLES[index - 256]! // one table back
  TABLES[index] = (before >>> 8) ^ TABLES[before & 255]!
}

/** The checksum of the bytes between `from` and `to`; `start` is that of what stands before them. */
export function checksumOf(
  bytes: ViewedBytes,
  { from, to }: { from: number; to: number },
  start = 0,
): number {
  if (to - from > MAX_OWN) return crc32(bytes.buffer.subarray(from, to), start)
  const { view } = bytes
  let sum = ~start
  let at = from
  for (; at + 8 <= to; at += 8) {
    const low = view.getInt32(at, true) ^ sum
    const high = view.getInt32(at + 4, true)
    // Each index is below 2048.
    sum =
      TABLES[1792 + (low & 255)]! ^
      TABLES[1536 + ((low >>> 8) & 255)]! ^
      TABLES[1280 + ((low >>> 16) & 255)]! ^
      TABLES[1024 + (low >>> 24)]! ^
      TABLES[768 + (high & 255)]! ^
      TABLES[512 + ((high >>> 8) & 255)]! ^
      TABLES[256 + ((high >>> 16) & 255)]! ^
      TABLES[high >>> 24]!
  }
  for (; at < to; at += 1) sum = TABLES[(sum ^ view.getUint8(at)) & 255]! ^ (sum >>> 8) // below 256
  return ~sum >>> 0
}
