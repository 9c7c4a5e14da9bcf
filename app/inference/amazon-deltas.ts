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
    const a = VALUES[source[read]!]! // the loop ends before the source does; a byte is an index of the table
    const b = VALUES[source[read + 1]!]!
    const c = VALUES[source[read + 2]!]!
    const d = VALUES[source[read + 3]!]!
    if ((a | b | c | d) > 63) break
    const bits = (a << 18) | (b << 12) | (c << 6) | d
    const first = bits >>> 16
    const second = (bits >>> 8) & 255
    const third = bits & 255
    lows |= (first - FIRST_PRINTABLE) | (second - FIRST_PRINTABLE) | (third - FIRST_PRINTABLE)
    target[write] = first
    target[write + 1] = second
    target[write + 2] = third
    write += 3
  }
  if (source[read] !== QUOTE) {
    const isPadded = read + 4 < to && source[read + 3] === PADDING && source[read + 4] === QUOTE
    const a = VALUES[source[read] ?? 0]!
    const b = VALUES[source[read + 1] ?? 0]!
    if (!isPadded || a === NONE || b === NONE) return -1
    const first = (a << 2) | (b >>> 4)
    target[write++] = first
    lows |= first - FIRST_PRINTABLE
    if (source[read + 2] !== PADDING) {
      const c = VALUES[source[read + 2] ?? 0]!
      if (c === NONE) return -1
      const second = ((b & 15) << 4) | (c >>> 2)
      target[write++] = second
      lows |= second - FIRST_PRINTABLE
    }
  }
  return lows < 0 ? -1 : write
}

function isAt(buffer: Buffer, from: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index += 1)
    if (buffer[from + index] !== bytes[index]) return false
  return true
}
