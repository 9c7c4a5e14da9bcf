// Amazon's event stream encoding ("Amazon Transcribe: Event stream encoding" describes it; Bedrock's streams use it): a
// length, a length of headers, a checksum of both, headers, a payload, a checksum of everything.
import { checksumOf } from './frame-checksum.ts'
import { KnownBytes, type ViewedBytes, viewed } from './known-bytes.ts'

/** Takes what the frames hold, in their order; the bytes are only good during the call. */
export interface FrameReader {
  /** An event of type `chunk`, whose payload lies between `from` and `to`. */
  chunk(bytes: ViewedBytes, from: number, to: number): void
  /** The provider states an error; `type` is null for one that is not of the service's model. */
  exception(type: string | null, payload: Buffer): void
}

const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4
const MIN_FRAME = PRELUDE_BYTES + CHECKSUM_BYTES
const MAX_FRAME = 16 * 1024 * 1024

/** A room for split frames that grew beyond this is not kept. */
const KEPT_ROOM = 64 * 1024
const FIRST_ROOM = 4096
const NO_ROOM = viewed(Buffer.alloc(0))

/** Reads frames from chunks that may split and join them anywhere; at most one unfinished frame is held. */
export class AmazonFrames {
  #room = NO_ROOM
  #held = 0
  /** The length of the frame that is held, once its prelude is there. */
  #total = 0
  /** The headers of a `chunk` event as they came last, as those of the next one are the same bytes; null before the first. */
  #usual: KnownBytes | null = null

  /** Whether the last byte read is also the last of a frame. */
  get isBetweenFrames(): boolean {
    return this.#held === 0
  }

  /** Answers false when the bytes are no frames; what follows them cannot be read either. */
  push(chunk: Buffer, reader: FrameReader): boolean {
    const bytes = viewed(chunk)
    let at = 0
    while (at < chunk.length) {
      if (this.#held === 0 && chunk.length - at >= PRELUDE_BYTES) {
        const total = frameLength(bytes, at)
        if (total === -1) return false
        if (chunk.length - at >= total) {
          if (!this.#read(bytes, { at, total }, reader)) return false
          at += total
          continue
        }
      }
      at += this.#hold(chunk, at)
      if (this.#held === PRELUDE_BYTES) {
        this.#total = frameLength(this.#room, 0)
        if (this.#total === -1) return false
      }
      if (this.#held < MIN_FRAME || this.#held < this.#total) continue
      this.#held = 0
      if (!this.#read(this.#room, { at: 0, total: this.#total }, reader)) return false
      if (this.#room.buffer.length > KEPT_ROOM) this.#room = NO_ROOM
    }
    return true
  }

  /** Copies what is missing of the prelude, or of the frame; answers how many bytes that took. */
  #hold(chunk: Buffer, at: number): number {
    const wanted = this.#held < PRELUDE_BYTES ? PRELUDE_BYTES : this.#total
    const taken = Math.min(wanted - this.#held, chunk.length - at)
    const needed = this.#held + taken
    if (needed > this.#room.buffer.length) {
      // What has arrived decides the size, not what was announced.
      const larger = Buffer.allocUnsafe(Math.max(FIRST_ROOM, Math.min(2 * needed, Math.max(wanted, needed))))
      this.#room.buffer.copy(larger, 0, 0, this.#held)
      this.#room = viewed(larger)
    }
    chunk.copy(this.#room.buffer, this.#held, at, at + taken)
    this.#held = needed
    return taken
  }

  #read(bytes: ViewedBytes, { at, total }: { at: number; total: number }, reader: FrameReader): boolean {
    const { buffer, view } = bytes
    const end = at + total - CHECKSUM_BYTES
    // The checksum of the first eight bytes is there already: it is the start of that of everything.
    const checksum = checksumOf(bytes, { from: at + 8, to: end }, view.getUint32(at + 8))
    if (checksum !== view.getUint32(end)) return false
    const from = at + PRELUDE_BYTES
    const to = from + view.getUint32(at + 4)
    if (to - from === this.#usual?.length && this.#usual.isAt(bytes, from, to)) {
      reader.chunk(bytes, to, end)
      return true
    }
    const headers = headersOf(buffer, from, to)
    if (headers === null) return false
    switch (headers.get(':message-type')) {
      case 'event':
        if (headers.get(':event-type') !== 'chunk') return true
        this.#usual = new KnownBytes(buffer.subarray(from, to))
        reader.chunk(bytes, to, end)
        return true
      case 'exception':
        reader.exception(headers.get(':exception-type') ?? null, Buffer.from(buffer.subarray(to, end)))
        return true
      case 'error':
        reader.exception(null, Buffer.from(headers.get(':error-message') ?? ''))
    }
    return true
  }
}

/** The length of the frame whose prelude stands at `at`; -1 when it is none. */
function frameLength(bytes: ViewedBytes, at: number): number {
  const total = bytes.view.getUint32(at)
  const headers = bytes.view.getUint32(at + 4)
  if (total < MIN_FRAME || total > MAX_FRAME || headers > total - MIN_FRAME) return -1
  return checksumOf(bytes, { from: at, to: at + 8 }) === bytes.view.getUint32(at + 8) ? total : -1
}

const TEXT = 7

/** The bytes of the values whose length follows from their type: two truths, five numbers, a moment, a UUID. */
const FIXED: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 }
const BYTES = 6

/** The headers that are text; null when they do not end where they should. */
function headersOf(buffer: Buffer, from: number, to: number): ReadonlyMap<string, string> | null {
  const headers = new Map<string, string>()
  let at = from
  while (at < to) {
    const nameTo = at + 1 + (buffer[at] ?? 0)
    const type = buffer[nameTo] ?? -1
    let valueFrom = nameTo + 1
    let length = FIXED[type]
    if (type === TEXT || type === BYTES) {
      if (valueFrom + 2 > to) return null
      length = buffer.readUInt16BE(valueFrom)
      valueFrom += 2
    }
    if (length === undefined || valueFrom + length > to) return null
    if (type === TEXT)
      headers.set(
        buffer.toString('latin1', at + 1, nameTo),
        buffer.toString('utf8', valueFrom, valueFrom + length),
      )
    at = valueFrom + length
  }
  return headers
}
