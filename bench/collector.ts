// A collector for the bench with the manners that collectors have on a bad day; the bench names one by message.
import { createServer, type Socket } from 'node:net'

/** How the collector treats an export. */
export type Manner = 'healthy' | 'slow' | 'down' | '500' | '413' | '302' | 'hangs' | 'resets'

const SLOW_MS = 2000

const ANSWERS: Readonly<Record<string, string>> = {
  healthy: '200 OK',
  slow: '200 OK',
  '500': '500 Internal Server Error',
  '413': '413 Content Too Large',
  '302': '302 Found\r\nlocation: http://169.254.169.254/',
}

let manner: Manner = 'healthy'
const sockets = new Set<Socket>()

/** Reads one request after the other from `socket`, knowing just enough of HTTP for our own relay. */
function serve(socket: Socket): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket)).on('error', () => {})
  let left = 0
  let head = ''
  socket.on('data', (chunk: Buffer) => {
    if (manner === 'resets') {
      socket.resetAndDestroy()
      return
    }
    let bytes: Buffer = chunk
    while (bytes.length > 0) {
      if (left === 0) {
        head += bytes.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end === -1) return
        left = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
        bytes = Buffer.from(head.slice(end + 4), 'latin1')
        head = ''
      }
      const taken = Math.min(left, bytes.length)
      left -= taken
      bytes = bytes.subarray(taken)
      if (left === 0) answer(socket)
    }
  })
}

function answer(socket: Socket): void {
  const status = ANSWERS[manner]
  if (status === undefined) return
  const write = () => socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`)
  if (manner === 'slow') setTimeout(write, SLOW_MS)
  else write()
}

const server = createServer(socket => (manner === 'down' ? socket.resetAndDestroy() : serve(socket)))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: address !== null && typeof address === 'object' ? address.port : 0 })
})

process.on('message', (next: Manner) => {
  manner = next
  for (const socket of sockets) socket.destroy()
  process.send?.('changed')
})
process.on('disconnect', () => process.exit(0))
