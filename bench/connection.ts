import { connect, type Socket } from 'node:net'

/** What one exchange took, in milliseconds since its request was written. */
export interface Exchange {
  readonly status: number
  readonly firstByteMs: number
  readonly totalMs: number
  readonly bytes: number
}

/**
 * One kept-alive HTTP/1.1 connection that sends a prepared request and waits for the whole answer.
 *
 * It reads just enough of HTTP to find the end of an answer, so that the load costs little CPU.
 */
export class Connection {
  readonly #port: number
  #socket: Socket | undefined

  constructor(port: number) {
    this.#port = port
  }

  async send(request: Buffer): Promise<Exchange> {
    const socket = this.#socket ?? (await this.#open())
    return new Promise((resolve, reject) => {
      const started = performance.now()
      const reader = new AnswerReader()
      let firstByteMs = 0
      const finish = (error?: Error) => {
        socket.off('data', read).off('close', closed).off('error', finish)
        if (error) reject(error)
        else
          resolve({
            status: reader.status,
            firstByteMs,
            totalMs: performance.now() - started,
            bytes: reader.bytes,
          })
      }
      const closed = () => {
        this.#socket = undefined
        finish(reader.isComplete ? undefined : new Error(`connection closed after ${reader.bytes} bytes`))
      }
      const read = (chunk: Buffer) => {
        if (firstByteMs === 0) firstByteMs = performance.now() - started
        reader.push(chunk)
        if (reader.isComplete) finish()
      }
      socket.on('data', read).on('close', closed).on('error', finish)
      socket.write(request)
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        this.#socket = socket
        resolve(socket)
      })
    })
  }
}

const END_OF_CHUNKS = Buffer.from('\r\n0\r\n\r\n')

class AnswerReader {
  status = 0
  bytes = 0
  isComplete = false
  #head = Buffer.alloc(0)
  #bodyLength = -1
  #bodySeen = 0
  #tail = Buffer.alloc(0)

  push(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.status === 0) {
      this.#head = Buffer.concat([this.#head, chunk])
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = this.#head.toString('latin1', 0, end)
      this.status = Number(head.slice(9, 12))
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)
      this.#bodyLength = length ? Number(length[1]) : -1
      this.#readBody(this.#head.subarray(end + 4))
      return
    }
    this.#readBody(chunk)
  }

  #readBody(chunk: Buffer): void {
    this.#bodySeen += chunk.length
    if (this.#bodyLength >= 0) {
      this.isComplete = this.#bodySeen >= this.#bodyLength
      return
    }
    this.#tail =
      chunk.length >= 7 ? Buffer.from(chunk.subarray(-7)) : Buffer.concat([this.#tail, chunk]).subarray(-7)
    this.isComplete = this.#tail.equals(END_OF_CHUNKS)
  }
}
