// The events that nearly all of a stream consists of, from Bedrock's payload to a server-sent event in one pass: what
// calls of Node's own functions would cost is more than the work itself.

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

/**
 * Writes the delta in the payload between `from` and `to` into `target` from `at` on, as an event; answers where it
 * ends, or -1 when it has to go the general way, with bytes behind `at` that mean nothing.
 */
export function writeDelta(
  payload: Buffer,
  { from, to }: { from: number; to: number },
  target: Buffer,
  at: number,
): number {
  const isShort = to - from <= MAX_PAYLOAD && at + HEAD.length + (to - from) <= target.length
  if (!isShort || !isAt(payload, from, PAYLOAD)) return -1
  const begin = at + HEAD.length
  const end = decode(payload, { from: from + PAYLOAD.length, to }, target, begin)
  if (end === -1 || !isAt(target, begin, DOCUMENT)) return -1
  for (let index = 0; index < HEAD.length; index += 1) target[at + index] = HEAD[index]! // within it
  target[end] = LINE_FEED
  target[end + 1] = LINE_FEED
  return end + 2
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
