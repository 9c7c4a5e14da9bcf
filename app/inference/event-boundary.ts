/** Where the bytes go that are ready for the client. */
export interface ByteWriter {
  writeBytes(bytes: Buffer): void
}

/** Above this much of one unfinished event, holding back is given up for that event. */
const MAX_HELD = 64 * 1024

const LF = 10
const CR = 13

/**
 * Lets whole server-sent events through and holds back an unfinished one, so that a stream that is cut ends
 * between two events.
 *
 * An event ends in a blank line, `\n\n` or `\r\n\r\n`, which may itself arrive in pieces. Nothing is copied.
 */
export class EventBoundary {
  #held: Buffer[] = []
  #heldBytes = 0
  /** The current event grew past the limit: its bytes pass as they come. */
  #isOverflowing = false
  #last = 0
  #lastButOne = 0

  /** Whether what was let through ends between two events. */
  get isBetweenEvents(): boolean {
    return !this.#isOverflowing
  }

  push(chunk: Buffer, writer: ByteWriter): void {
    if (chunk.length === 0) return
    const cut = this.#afterLastBlankLine(chunk)
    this.#remember(chunk)
    if (cut > 0 || this.#isOverflowing) this.#release(writer)
    if (cut === chunk.length || (cut === 0 && this.#isOverflowing)) {
      this.#isOverflowing = cut === 0
      writer.writeBytes(chunk)
      return
    }
    if (cut > 0) {
      this.#isOverflowing = false
      writer.writeBytes(chunk.subarray(0, cut))
    }
    const rest = cut === 0 ? chunk : chunk.subarray(cut)
    this.#held.push(rest)
    this.#heldBytes += rest.length
    if (this.#heldBytes >= MAX_HELD) {
      this.#release(writer)
      this.#isOverflowing = true
    }
  }

  /** Writes what is still held: for a stream that its upstream ended properly. */
  flush(writer: ByteWriter): void {
    this.#release(writer)
  }

  /** What is held, which is forgotten here: for bytes that are not to pass as they came. */
  take(): readonly Buffer[] {
    const held = this.#held
    this.drop()
    return held
  }

  /** Forgets what is held: for a stream that is cut. */
  drop(): void {
    this.#held = []
    this.#heldBytes = 0
  }

  #release(writer: ByteWriter): void {
    for (const slice of this.#held) writer.writeBytes(slice)
    this.drop()
  }

  /** The index after the last blank line of `chunk`, or 0; the first bytes may end one that began earlier. */
  #afterLastBlankLine(chunk: Buffer): number {
    for (let index = chunk.length - 1; index >= 0; index -= 1) {
      if (chunk[index] !== LF) continue
      const before = this.#byteAt(chunk, index - 1)
      if (before === LF || (before === CR && this.#byteAt(chunk, index - 2) === LF)) return index + 1
    }
    return 0
  }

  #byteAt(chunk: Buffer, index: number): number {
    if (index >= 0) return chunk[index]! // the callers stay below its length
    return index === -1 ? this.#last : this.#lastButOne
  }

  #remember(chunk: Buffer): void {
    const { length } = chunk
    this.#lastButOne = length > 1 ? chunk[length - 2]! : this.#last // within its length
    this.#last = chunk[length - 1]! // `push` takes no empty chunk
  }
}
