// Recognises, in the bytes of a stream, the few events that say what a reply costs and whether it is whole.

const LF = 10
const CR = 13
const QUOTE = 34
const BACKSLASH = 92
const COLON = 58
const SPACE = 32

/** The events that matter to the meter; `unnamed` is data without an event's name, everything else is `other`. */
export type EventKind =
  | 'message_start'
  | 'message_delta'
  | 'message_stop'
  | 'text'
  | 'error'
  | 'unnamed'
  | 'other'

/** One event in a buffer: what it is, where its data lies, and where the next one begins. */
export interface EventSpan {
  kind: EventKind
  dataFrom: number
  dataTo: number
  /** -1 when the event does not end in this buffer. */
  next: number
}

/** Reads the event that begins at `from` into `span`, which the caller keeps, so that no event costs an object. */
export function readEvent(buffer: Buffer, from: number, span: EventSpan): void {
  span.kind = 'other'
  span.dataFrom = 0
  span.dataTo = 0
  let isNamed = false
  for (let line = from; ; ) {
    const feed = buffer.indexOf(LF, line)
    if (feed === -1) {
      span.next = -1
      return
    }
    const end = feed > line && buffer[feed - 1] === CR ? feed - 1 : feed
    if (end === line) {
      if (!isNamed && span.dataTo > 0) span.kind = 'unnamed'
      span.next = feed + 1
      return
    }
    // `event` and `data` are the only fields read; e and d begin no other (WHATWG HTML, section 9.2.6).
    const first = buffer[line]
    if (first === 101 && startsWith(buffer, line, EVENT)) {
      isNamed = true
      span.kind = kindOf(buffer, line, end)
    } else if (first === 100 && span.dataTo === 0 && startsWith(buffer, line, DATA)) {
      span.dataFrom = line + DATA.length
      span.dataTo = end
    }
    line = feed + 1
  }
}

/** The index after the first blank line at or after the start of `buffer`, whose predecessor ended in `tail`; or -1. */
export function afterFirstBlankLine(buffer: Buffer, tail: Buffer): number {
  const byteAt = (index: number) => (index >= 0 ? buffer[index] : tail[tail.length + index])
  for (let feed = buffer.indexOf(LF); feed !== -1; feed = buffer.indexOf(LF, feed + 1)) {
    const before = byteAt(feed - 1)
    if (before === LF || (before === CR && byteAt(feed - 2) === LF)) return feed + 1
  }
  return -1
}

const DATA = Buffer.from('data:')
const EVENT = Buffer.from('event:')
const NAMES: readonly (readonly [Buffer, EventKind])[] = [
  [Buffer.from('content_block_delta'), 'text'],
  [Buffer.from('message_delta'), 'message_delta'],
  [Buffer.from('message_start'), 'message_start'],
  [Buffer.from('message_stop'), 'message_stop'],
  [Buffer.from('error'), 'error'],
]

function kindOf(buffer: Buffer, line: number, end: number): EventKind {
  let at = line + EVENT.length
  if (buffer[at] === SPACE) at += 1
  for (const [name, kind] of NAMES) {
    if (end - at === name.length && startsWith(buffer, at, name)) return kind
  }
  return 'other'
}

function startsWith(buffer: Buffer, at: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index += 1) if (buffer[at + index] !== text[index]) return false
  return true
}

/**
 * The length in bytes of the text that a `content_block_delta` carries: the raw value of `text`, `thinking` or
 * `partial_json`.
 */
export function deltaTextBytes(buffer: Buffer, from: number, to: number): number {
  const start = deltaTextStart(buffer, from, to)
  return start === -1 ? 0 : textBytes(buffer, start, to)
}

/** Where that text begins; -1 when there is none. Other strings are hopped over, so a key inside one is not taken for one. */
export function deltaTextStart(buffer: Buffer, from: number, to: number): number {
  let at = from
  while (at < to) {
    if (buffer[at] !== QUOTE) {
      at += 1
      continue
    }
    const end = endOfString(buffer, at + 1, to)
    if (buffer[end + 1] === COLON && isTextKey(buffer, at + 1, end)) {
      let value = end + 2
      while (value < to && buffer[value] === SPACE) value += 1
      if (buffer[value] === QUOTE) return value + 1
    }
    at = end + 1
  }
  return -1
}

/** The length in bytes of the text that begins at `start`, up to its quote or to `to`. */
export function textBytes(buffer: Buffer, start: number, to: number): number {
  return endOfString(buffer, start, to) - start
}

function endOfString(buffer: Buffer, from: number, to: number): number {
  let at = from
  while (at < to && buffer[at] !== QUOTE) at += buffer[at] === BACKSLASH ? 2 : 1
  return Math.min(at, to)
}

const TEXT_KEYS = ['text', 'thinking', 'partial_json'].map(key => Buffer.from(key))

function isTextKey(buffer: Buffer, from: number, to: number): boolean {
  for (const key of TEXT_KEYS) if (to - from === key.length && startsWith(buffer, from, key)) return true
  return false
}
