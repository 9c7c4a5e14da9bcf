// A collector on loopback with manners: it records exports byte by byte and treats them as the test wants.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** What the collector does once an export is there: it writes to the socket, ends it, or leaves it. */
export type Manner = (socket: Socket, received: ReceivedExport) => void

export interface ReceivedExport {
  readonly path: string
  /** The head as it came, in lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly names: readonly string[]
  readonly body: Buffer
}

export interface Collector extends AsyncDisposable {
  readonly url: string
  readonly exports: readonly ReceivedExport[]
  /** How many connections were made. */
  readonly connections: number
  manner: Manner
  /** Sees every connection before a byte of it was read. */
  connected: (socket: Socket) => void
  /** Resolves once `count` exports are there. */
  received(count: number): Promise<readonly ReceivedExport[]>
}

/** Answers with a status line's rest, such as `200 OK`, and no body. */
export function answering(status: string, body: Buffer | string = ''): Manner {
  return socket => {
    socket.write(`HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`)
    socket.write(body)
  }
}

export const hangs: Manner = () => {}
export const resets: Manner = socket => void socket.resetAndDestroy()

export async function startCollector(manner: Manner = answering('200 OK')): Promise<Collector> {
  const exports: ReceivedExport[] = []
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  let connections = 0
  const server = createServer(socket => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
    collector.connected(socket)
    let bytes: Buffer = Buffer.alloc(0)
    if (socket.isPaused()) return
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, Buffer.from(chunk)])
      for (;;) {
        const read = requestIn(bytes)
        if (read === null) return
        bytes = read.rest
        exports.push(read.received)
        collector.manner(socket, read.received)
        for (const wake of waiting) wake()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const collector: Collector = {
    url: `http://127.0.0.1:${port}`,
    exports,
    manner,
    get connections() {
      return connections
    },
    connected: () => {},
    async received(count) {
      while (exports.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.add(resolve)
        await promise
        waiting.delete(resolve)
      }
      return exports
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return collector
}

/** The first whole request in `bytes`. */
function requestIn(bytes: Buffer): { received: ReceivedExport; rest: Buffer } | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [line = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n')
  const pairs = fields.map(
    field => [field.split(':', 1)[0] ?? '', field.slice(field.indexOf(':') + 1).trim()] as const,
  )
  const headers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]))
  const length = Number(headers['content-length'] ?? 0)
  const start = end + 4
  if (bytes.length < start + length) return null
  return {
    received: {
      path: line.split(' ')[1] ?? '',
      headers,
      names: pairs.map(([name]) => name.toLowerCase()),
      body: bytes.subarray(start, start + length),
    },
    rest: bytes.subarray(start + length),
  }
}
