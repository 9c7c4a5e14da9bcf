// What a `chunk` of Bedrock's stream holds, as a server-sent event of the Messages API.
import { DeltaWriter } from './amazon-deltas.ts'
import { findMember, type ValueSpan } from './json-members.ts'
import type { ViewedBytes } from './known-bytes.ts'

const BYTES = Buffer.from('bytes')
const TYPE = Buffer.from('type')
const METRICS = Buffer.from('amazon-bedrock-invocationMetrics')
const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const END = Buffer.from('\n\n')

/** No document is longer than this but a few, which get a room of their own. */
const USUAL_DOCUMENT = 64 * 1024

/** Documents are decoded here, one at a time, for all streams. */
const room = Buffer.allocUnsafe(USUAL_DOCUMENT)

/** The events of a chunk, of which few are longer, stand here until they are taken, for all streams. */
const space = Buffer.allocUnsafeSlow(64 * 1024)

/** The types that there are, each with the lines that stand before its document. */
const HEADS = new Map(
  [
    ...['message_start', 'message_delta', 'message_stop', 'content_block_start', 'content_block_delta'],
    ...['content_block_stop', 'ping', 'error'],
  ].map(type => [type, headOf(type)]),
)

/** An event's document. */
export interface AmazonDocument {
  /** Only good until the next one is read. */
  readonly bytes: Buffer
  readonly type: string
}

/**
 * The document in the payload that lies between `from` and `to`; null when it holds none, or one without a type, which
 * no client could read.
 */
export function documentIn(payload: Buffer, from: number, to: number): AmazonDocument | null {
  findMember(payload, { from, to, name: BYTES }, span)
  if (span.from === -1 || !span.isText) return null
  const text = payload.toString('latin1', span.from, span.to)
  // A JSON text may write `/` as `\/`.
  const base64 = text.includes('\\') ? text.replaceAll('\\/', '/') : text
  const target = base64.length > room.length ? Buffer.allocUnsafe(base64.length) : room
  const bytes = target.subarray(0, target.write(base64, 0, 'base64'))
  onOneLine(bytes)
  findMember(bytes, { from: 0, to: bytes.length, name: TYPE }, span)
  if (span.from === -1 || !span.isText) return null
  const type = bytes.toString('latin1', span.from, span.to)
  return HEADS.has(type) || /^[\w.-]{1,64}$/.test(type) ? { bytes, type } : null
}

const span: ValueSpan = { from: -1, to: 0, isText: false }

/** A line break between two tokens is a space to JSON and the end of a line to a stream of events. */
function onOneLine(bytes: Buffer): void {
  for (const breaking of [LINE_FEED, CARRIAGE_RETURN]) {
    for (let at = bytes.indexOf(breaking); at !== -1; at = bytes.indexOf(breaking, at)) bytes[at] = SPACE
  }
}

/** Bedrock's own count of what a reply used, which stands in its last document; undefined when it is not there. */
export function metricsIn({ bytes }: AmazonDocument): unknown {
  findMember(bytes, { from: 0, to: bytes.length, name: METRICS }, span)
  if (span.from === -1) return undefined
  try {
    return JSON.parse(bytes.toString('utf8', span.from, span.to))
  } catch {
    return undefined
  }
}

/**
 * The events in one chunk of a stream, as they are written to a client.
 *
 * They are taken before another stream's begin, as all streams share the space.
 */
export class EventText {
  readonly #deltas = new DeltaWriter()
  #bytes = space
  #used = 0
  #hasOnlyDeltas = true
  #textBytes = 0

  /** Whether no event was added but by `addDelta`. */
  get hasOnlyDeltas(): boolean {
    return this.#hasOnlyDeltas
  }

  /** The length in bytes of the text in what `addDelta` added. */
  get textBytes(): number {
    return this.#textBytes
  }

  begin(): void {
    this.#used = 0
    this.#hasOnlyDeltas = true
    this.#textBytes = 0
  }

  /** Adds the delta in the payload between `from` and `to`; answers false when it is none of the usual form. */
  addDelta(payload: ViewedBytes, from: number, to: number): boolean {
    const end = this.#deltas.write(payload, { from, to }, { bytes: this.#bytes, at: this.#used })
    if (end === -1) return false
    this.#used = end
    this.#textBytes += this.#deltas.textBytes
    return true
  }

  /** Copies the document, as it is, into an event of its type. */
  add({ bytes, type }: AmazonDocument): void {
    const head = HEADS.get(type) ?? headOf(type)
    const needed = this.#used + head.length + bytes.length + END.length
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * needed)
      this.#bytes.copy(larger, 0, 0, this.#used)
      this.#bytes = larger
    }
    head.copy(this.#bytes, this.#used)
    bytes.copy(this.#bytes, this.#used + head.length)
    this.#bytes[needed - 2] = LINE_FEED
    this.#bytes[needed - 1] = LINE_FEED
    this.#used = needed
    this.#hasOnlyDeltas = false
  }

  /**
   * Null when there is no event. They are written over `chunk`, which has been read, unless they are longer: memory
   * outside the heap, taken for each chunk, makes full collections of garbage twice as frequent.
   */
  take(chunk: Buffer): Buffer | null {
    const used = this.#used
    if (used === 0) return null
    const target = used > chunk.length ? Buffer.allocUnsafe(used) : chunk
    this.#bytes.copy(target, 0, 0, used)
    this.#bytes = space
    this.#used = 0
    return target.subarray(0, used)
  }
}

function headOf(type: string): Buffer {
  return Buffer.from(`event: ${type}\ndata: `)
}
