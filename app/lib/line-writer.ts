import { write } from 'node:fs'
import type { Clock } from './clock.ts'

/** Where bytes go: one write at a time, and `done` when it is over. A `Writable` is one. */
export interface LineSink {
  write(chunk: Buffer, done: (error?: Error | null) => void): unknown
}

/**
 * Writes lines without ever making a request wait: a blocked reader fills a bounded buffer, nothing else.
 *
 * When it is full, operational lines are dropped first, the oldest before the newest; then audit lines, whose
 * number is told as soon as writing works again.
 */
export interface LineWriter {
  operational(line: string): void
  audit(line: string): void
  /** Audit lines that were lost since the start. */
  readonly lostAuditLines: number
  /** Says how the loss of audit lines is written down. `since` is the time of the first lost line. */
  describeLoss(describe: (dropped: number, since: number) => string): void
  /** Resolves when everything that is buffered now has been handed over. */
  flush(): Promise<void>
}

export interface LineWriterOptions {
  readonly sink: LineSink
  readonly clock: Clock
  /** Bytes that may wait, those being written included. Default 8 MiB. */
  readonly maxBytes?: number
}

// One write carries at most this much, so that little is beyond recall when the reader blocks.
const BATCH_BYTES = 65_536

// Lines wait this long for company: a write goes to another thread and back, which costs more than the line.
const GATHER_MS = 10

export function createLineWriter(options: LineWriterOptions): LineWriter {
  return new BufferedLines(options)
}

class BufferedLines implements LineWriter {
  readonly #sink: LineSink
  readonly #clock: Clock
  readonly #maxBytes: number
  readonly #operational = new LineQueue()
  readonly #audit = new LineQueue()
  readonly #idle: (() => void)[] = []
  #writing = 0
  #timer: NodeJS.Timeout | null = null
  lostAuditLines = 0
  #lost = 0
  #lostSince = 0
  #describe: ((dropped: number, since: number) => string) | null = null

  constructor({ sink, clock, maxBytes = 8 * 1024 * 1024 }: LineWriterOptions) {
    this.#sink = sink
    this.#clock = clock
    this.#maxBytes = maxBytes
  }

  operational(line: string): void {
    if (this.#hasRoomFor(line.length)) this.#queue(this.#operational, line)
  }

  audit(line: string): void {
    while (!this.#hasRoomFor(line.length) && this.#operational.bytes > 0) this.#operational.shift()
    if (this.#hasRoomFor(line.length)) {
      this.#queue(this.#audit, line)
      return
    }
    if (this.#lost === 0) this.#lostSince = this.#clock()
    this.#lost += 1
    this.lostAuditLines += 1
  }

  describeLoss(describe: (dropped: number, since: number) => string): void {
    this.#describe = describe
  }

  flush(): Promise<void> {
    if (this.#isEmpty()) return Promise.resolve()
    return new Promise(resolve => {
      this.#idle.push(resolve)
      this.#writeBatch()
    })
  }

  #hasRoomFor(length: number): boolean {
    return this.#writing + this.#operational.bytes + this.#audit.bytes + length < this.#maxBytes
  }

  #queue(queue: LineQueue, line: string): void {
    queue.push(line)
    if (this.#timer === null && this.#writing === 0)
      this.#timer = setTimeout(() => this.#writeBatch(), GATHER_MS)
  }

  #writeBatch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#writing > 0) return
    const batch = this.#operational.take(BATCH_BYTES) + this.#audit.take(BATCH_BYTES)
    if (batch === '') {
      for (const resolve of this.#idle.splice(0)) resolve()
      return
    }
    this.#writing = batch.length
    this.#sink.write(Buffer.from(batch), () => {
      // A reader that is gone cannot be told so; what it did not take is lost, and the next line tries again.
      this.#writing = 0
      this.#reportLoss()
      const waiting = this.#operational.bytes + this.#audit.bytes
      const isUrgent = waiting === 0 || waiting >= BATCH_BYTES || this.#idle.length > 0
      if (isUrgent) this.#writeBatch()
      else this.#timer = setTimeout(() => this.#writeBatch(), GATHER_MS)
    })
  }

  #reportLoss(): void {
    if (this.#lost === 0 || this.#describe === null) return
    this.#audit.push(this.#describe(this.#lost, this.#lostSince))
    this.#lost = 0
  }

  #isEmpty(): boolean {
    return this.#writing + this.#operational.bytes + this.#audit.bytes === 0
  }
}

/** Lines in order, taken from the front without moving the rest. */
class LineQueue {
  bytes = 0
  #lines: string[] = []
  #first = 0

  push(line: string): void {
    this.#lines.push(line)
    this.bytes += line.length + 1
  }

  shift(): void {
    this.#next()
  }

  /** Takes whole lines until they make `bytes`, each with its line break. */
  take(bytes: number): string {
    if (this.bytes <= bytes) {
      const lines = this.#first === 0 ? this.#lines : this.#lines.slice(this.#first)
      this.#reset()
      return lines.length === 0 ? '' : `${lines.join('\n')}\n`
    }
    let text = ''
    while (text.length < bytes && this.bytes > 0) text += `${this.#next()}\n`
    return text
  }

  #next(): string {
    const line = this.#lines[this.#first]! // callers look at `bytes` first
    this.#first += 1
    this.bytes -= line.length + 1
    if (this.bytes === 0) this.#reset()
    else if (this.#first > 1024 && this.#first * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first)
      this.#first = 0
    }
    return line
  }

  #reset(): void {
    this.#lines = []
    this.#first = 0
    this.bytes = 0
  }
}

/**
 * A sink over a file descriptor, written off the main thread: Node's own standard error writes to pipes and
 * terminals synchronously, and would stop with its reader.
 */
export function descriptorSink(descriptor: number): LineSink {
  return {
    write: (chunk, done) => {
      const next = (offset: number) => {
        write(descriptor, chunk, offset, chunk.length - offset, null, (error, written) => {
          if (error?.code === 'EAGAIN') setTimeout(next, RETRY_MS, offset)
          else if (error !== null) done(error)
          else if (offset + written < chunk.length) next(offset + written)
          else done()
        })
      }
      next(0)
    },
  }
}

// A descriptor that somebody made non-blocking says EAGAIN while its pipe is full.
const RETRY_MS = 20
