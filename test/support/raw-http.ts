import { connect, type Socket } from 'node:net'

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends `bytes` on a connection of their own and answers all that came back until the server closed it. */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(bytes)
  return received(socket)
}

/** Like `exchange`, but keeps its own side open, as a client does that waits for the answer. */
export async function exchangeOpen(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.write(bytes)
  return received(socket)
}

/** Everything that arrives until the connection ends, however it ends. */
export function received(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', chunk => {
    text += chunk
  })
  const finish = () => {
    socket.destroy()
    resolve(text)
  }
  socket.on('error', finish).on('end', finish).on('close', finish)
  return promise
}

/** A connection that is kept: `ask` writes a request and reads exactly one answer with a length. */
export class KeptConnection {
  readonly socket: Socket
  #text = ''

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1')
    this.socket.on('error', () => {})
    this.socket.on('data', chunk => {
      this.#text += chunk
    })
  }

  ask(bytes: string): Promise<RawAnswer> {
    this.socket.write(bytes)
    return this.answer()
  }

  /** As `ask`, but answers every byte. */
  askText(bytes: string): Promise<string> {
    this.socket.write(bytes)
    return this.#answerText()
  }

  async answer(): Promise<RawAnswer> {
    return parseAnswer(await this.#answerText())
  }

  async #answerText(): Promise<string> {
    for (;;) {
      const whole = takeAnswer(this.#text)
      if (whole !== null) {
        this.#text = this.#text.slice(whole.length)
        return whole
      }
      await new Promise<void>((resolve, reject) => {
        const gone = () => reject(new Error(`the connection ended after: ${this.#text}`))
        if (this.socket.destroyed) gone()
        this.socket.once('close', gone)
        this.socket.once('data', () => {
          this.socket.off('close', gone)
          resolve()
        })
      })
    }
  }

  close(): void {
    this.socket.destroy()
  }
}

export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4) }
}

function takeAnswer(text: string): string | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const length = Number(parseAnswer(text).headers['content-length'] ?? 0)
  return text.length < end + 4 + length ? null : text.slice(0, end + 4 + length)
}
