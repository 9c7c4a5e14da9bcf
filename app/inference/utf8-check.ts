import { isUtf8 } from 'node:buffer'

/** Checks that bytes are UTF-8, chunk by chunk: a sequence may be cut anywhere. */
export class Utf8Check {
  /** The beginning of a sequence whose rest has not come yet: at most three bytes. */
  #unfinished: Buffer | null = null

  /** Reports whether all bytes so far can be the start of UTF-8 text. */
  push(chunk: Buffer): boolean {
    const carried = this.#unfinished
    const rest = carried === null ? chunk : this.#complete(carried, chunk)
    if (rest === null) return false
    if (rest.length === 0) return true
    const cut = cutBytes(rest)
    if (cut === 0) return isUtf8(rest)
    this.#unfinished = Buffer.from(rest.subarray(rest.length - cut))
    return isUtf8(rest.subarray(0, rest.length - cut))
  }

  /** Reports whether the text may end here. */
  end(): boolean {
    return this.#unfinished === null
  }

  /** What of `chunk` follows the carried sequence; null when that sequence is wrong. */
  #complete(carried: Buffer, chunk: Buffer): Buffer | null {
    const missing = sequenceLength(carried[0] ?? 0) - carried.length
    const sequence = Buffer.concat([carried, chunk.subarray(0, missing)])
    const isComplete = chunk.length >= missing
    this.#unfinished = isComplete ? null : sequence
    if (isComplete && !isUtf8(sequence)) return null
    return chunk.subarray(missing)
  }
}

/** How many bytes at the end belong to a sequence that goes on in the next chunk. */
function cutBytes(chunk: Buffer): number {
  const furthest = Math.min(3, chunk.length)
  for (let back = 1; back <= furthest; back++) {
    const byte = chunk[chunk.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0
  }
  return 0
}

/** The length that a leading byte announces (RFC 3629 section 3). */
function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4
  return lead >= 0xe0 ? 3 : 2
}
