// Finds a member of a JSON object without parsing the object: for documents whose other members are none of our business.

const QUOTE = 34
const BACKSLASH = 92
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const COMMA = 44
const COLON = 58

/** A value in a buffer; of a text the quotes are not part. */
export interface ValueSpan {
  /** -1 when there is none. */
  from: number
  to: number
  isText: boolean
}

/**
 * Looks for the first member called `name` of the object that stands in `buffer` between `from` and `to`, and fills
 * `span`, which the caller keeps. Keys are compared as they are written; what is not JSON has no members.
 */
export function findMember(
  buffer: Buffer,
  { from, to, name }: { from: number; to: number; name: Buffer },
  span: ValueSpan,
): void {
  span.from = -1
  let at = afterSpace(buffer, from, to)
  if (buffer[at] !== OPEN_BRACE) return
  at += 1
  for (;;) {
    at = afterSpace(buffer, at, to)
    if (buffer[at] !== QUOTE || at >= to) return
    const keyFrom = at
    const keyTo = endOfText(buffer, at + 1, to)
    at = afterSpace(buffer, keyTo + 1, to)
    if (buffer[at] !== COLON) return
    at = afterSpace(buffer, at + 1, to)
    const isText = buffer[at] === QUOTE
    const end = isText ? endOfText(buffer, at + 1, to) : endOfValue(buffer, at, to)
    if (end >= to) return
    if (isName(buffer, keyFrom + 1, keyTo, name)) {
      span.isText = isText
      span.from = isText ? at + 1 : at
      span.to = end
      return
    }
    at = afterSpace(buffer, isText ? end + 1 : end, to)
    if (buffer[at] !== COMMA) return
    at += 1
  }
}

function afterSpace(buffer: Buffer, from: number, to: number): number {
  let at = from
  while (at < to && (buffer[at] === 32 || buffer[at] === 10 || buffer[at] === 13 || buffer[at] === 9)) at += 1
  return at
}

/** Where the closing quote stands; `to` when there is none. */
function endOfText(buffer: Buffer, from: number, to: number): number {
  let quote = buffer.indexOf(QUOTE, from)
  // A quote right after a backslash may be escaped, or the backslash may be.
  while (quote !== -1 && quote < to && isEscaped(buffer, quote, from))
    quote = buffer.indexOf(QUOTE, quote + 1)
  return quote === -1 || quote > to ? to : quote
}

function isEscaped(buffer: Buffer, quote: number, from: number): boolean {
  let at = quote
  while (at > from && buffer[at - 1] === BACKSLASH) at -= 1
  return (quote - at) % 2 === 1
}

/** The index after a number, a literal, an object or a list. */
function endOfValue(buffer: Buffer, from: number, to: number): number {
  let depth = 0
  let at = from
  while (at < to) {
    const byte = buffer[at]
    if (byte === QUOTE) at = endOfText(buffer, at + 1, to)
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1
    else if (depth === 0 && (byte === COMMA || byte === CLOSE_BRACE)) return at
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1
      if (depth === 0) return at + 1
    }
    at += 1
  }
  return to
}

function isName(buffer: Buffer, from: number, to: number, name: Buffer): boolean {
  if (to - from !== name.length) return false
  for (let index = 0; index < name.length; index += 1) {
    if (buffer[from + index] !== name[index]) return false
  }
  return true
}
