// The events that nearly all of a stream consists of, from Bedrock's payload to a server-sent event in one pass: what
// calls of Node's own functions would cost is more than the work itself.

import { deltaTextStart, textBytes } from './event-lines.ts'
import { KnownBytes, type ViewedBytes } from './known-bytes.ts'

/** Everything else takes the general way, as does a delta that is written in an unusual form. */
const PAYLOAD = Buffer.from('{"bytes":"')
const DOCUMENT = Buffer.from('{"type":"content_block_delta"')
const HEAD = Buffer.from('event: content_block_delta\ndata: ')
const QUOTE = 34
const PADDING = 61
const LINE_FEED = 10
const FIRST_PRINTABLE = 32
const NONE = 255

/** Longer texts are decoded faster by Node's own function. */
const MAX_PAYLOAD = 4096

/** The value of each character of base64 (RFC 4648 section 4). */
const VALUES = new Uint8Array(256).fill(NONE)
for (const [value, character] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries())
  VALUES[character.charCodeAt(0)] = value

/** The same, shifted to where it belongs in four characters' 24 bits; negative for what is no such character. */
const [FIRSTS, SECONDS, THIRDS, FOURTHS] = [18, 12, 6, 0].map(shift =>
  Int32Array.from(VALUES, value => (value === NONE ? -1 : value << shift)),
) as [Int32Array, Int32Array, Int32Array, Int32Array] // of four shifts

/** Of an event whose text begins later than this, nothing is kept. */
const MAX_KNOWN = 256

/** What the deltas of one block have in common: all but their text. */
interface Known {
  /** The payload up to the group of four characters in which the text begins. */
  readonly payload: KnownBytes
  /** The event up to the same place. */
  readonly event: Uint8Array
  /** The bytes of that group that stand before the text: two at most. */
  readonly before: Buffer
}

/** Where something is read. */
interface Place {
  readonly from: number
  readonly to: number
}

/** Where something is written. */
interface Target {
  readonly bytes: Buffer
  readonly at: number
}

/** Writes the deltas of one stream. */
export class DeltaWriter {
  #known: Known | null = null
  #textBytes = 0

  /** The length in bytes of the text in the delta that was written last. */
  get textBytes(): number {
    return this.#textBytes
  }

  /**
   * Writes the delta that stands at `place` of the payload as an event; answers where that ends, or -1 when it has to go
   * the general way, with bytes behind `target.at` that mean nothing.
   */
  write(payload: ViewedBytes, place: Place, target: Target): number {
    const { bytes, at } = target
    const length = place.to - place.from
    if (length > MAX_PAYLOAD || at + HEAD.length + length > bytes.length) return -1
    const known = this.#known
    let end = -1
    if (known?.payload.isAt(payload, place.from, place.to) === true)
      end = this.#writeKnown(payload.buffer, place, { target, known })
    if (end === -1) end = this.#writeNew(payload.buffer, place, target)
    if (end === -1) return -1
    bytes[end] = LINE_FEED
    bytes[end + 1] = LINE_FEED
    return end + 2
  }

  /** One that begins as the last one did. */
  #writeKnown(
    payload: Buffer,
    { from, to }: Place,
    { target, known }: { target: Target; known: Known },
  ): number {
    const { bytes, at } = target
    bytes.set(known.event, at)
    const begin = at + known.event.length
    const end = decode(payload, { from: from + known.payload.length, to }, bytes, begin)
    const text = begin + known.before.length
    if (text > end || !isAt(bytes, begin, known.before)) return -1
    this.#textBytes = textBytes(bytes, text, end)
    return end
  }

  #writeNew(payload: Buffer, { from, to }: Place, { bytes, at }: Target): number {
    if (!isAt(payload, from, PAYLOAD)) return -1
    const begin = at + HEAD.length
    const end = decode(payload, { from: from + PAYLOAD.length, to }, bytes, begin)
    if (end === -1 || !isAt(bytes, begin, DOCUMENT)) return -1
    bytes.set(HEAD, at)
    const text = deltaTextStart(bytes, begin, end)
    this.#textBytes = text === -1 ? 0 : textBytes(bytes, text, end)
    const groups = Math.floor((text - begin) / 3)
    const same = begin + 3 * groups
    if (text === -1 || same - at > MAX_KNOWN) return end
    this.#known = {
      payload: new KnownBytes(payload.subarray(from, from + PAYLOAD.length + 4 * groups)),
      event: Uint8Array.from(bytes.subarray(at, same)),
      before: Buffer.from(bytes.subarray(same, text)),
    }
    return end
  }
}

/** Decodes up to the closing quote; -1 for anything but base64 there, or a character that no line may hold. */
function decode(
  source: Buffer,
  { from, to }: { from: number; to: number },
  target: Buffer,
  at: number,
): number {
  let read = from
  let write = at
  let lows = 0
  for (; read + 4 < to; read += 4) {
    // The loop ends before the source does, and a byte is an index of each table.
    const bits =
      FIRSTS[source[read]!]! |
      SECONDS[source[read + 1]!]! |
      THIRDS[source[read + 2]!]! |
      FOURTHS[source[read + 3]!]!
    if (bits < 0) break
    // Not zero when one of the three bytes is below 32: the subtraction borrows its highest bit.
    lows |= (bits - 0x202020) & ~bits & 0x808080
    target[write] = bits >>> 16
    target[write + 1] = bits >>> 8
    target[write + 2] = bits
    write += 3
  }
  if (source[read] !== QUOTE) {
    const isPadded = read + 4 < to && source[read + 3] === PADDING && source[read + 4] === QUOTE
    const a = VALUES[source[read] ?? 0]!
    const b = VALUES[source[read + 1] ?? 0]!
    if (!isPadded || a === NONE || b === NONE) return -1
    const first = (a << 2) | (b >>> 4)
    target[write++] = first
    if (first < FIRST_PRINTABLE) return -1
    if (source[read + 2] !== PADDING) {
      const c = VALUES[source[read + 2] ?? 0]!
      if (c === NONE) return -1
      const second = ((b & 15) << 4) | (c >>> 2)
      target[write++] = second
      if (second < FIRST_PRINTABLE) return -1
    }
  }
  return lows === 0 ? write : -1
}

function isAt(buffer: Buffer, from: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index += 1)
    if (buffer[from + index] !== bytes[index]) return false
  return true
}
