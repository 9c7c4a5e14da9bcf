// A forward proxy on loopback: it takes CONNECT and joins the two sides, or behaves as badly as the test wants.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface ConnectRequest {
  /** As the proxy was told it. */
  readonly authority: string
  /** In lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** What the proxy does with a CONNECT: joins it to its target, or writes to the socket, ends it, or leaves it. */
export type ProxyManner = 'join' | ((socket: Socket, request: ConnectRequest) => void)

export interface ForwardProxyServer extends AsyncDisposable {
  readonly port: number
  readonly requests: readonly ConnectRequest[]
  manner: ProxyManner
  /** Cuts every tunnel. */
  cut(): void
}

/** Whatever host is asked for, the tunnel leads to that port on loopback. */
export async function startForwardProxy(manner: ProxyManner = 'join'): Promise<ForwardProxyServer> {
  const requests: ConnectRequest[] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    return socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  const server = createServer(near => {
    keep(near)
    let head = ''
    const read = (chunk: Buffer) => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      near.off('data', read)
      const request = requestOf(head)
      requests.push(request)
      if (proxy.manner !== 'join') return proxy.manner(near, request)
      const far = keep(connect(Number(request.authority.split(':').at(-1)), '127.0.0.1'))
      far.once('connect', () => {
        near.write('HTTP/1.1 200 Connection established\r\n\r\n')
        near.pipe(far).pipe(near)
      })
      near.once('close', () => far.destroy())
      far.once('close', () => near.destroy())
    }
    near.on('data', read)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const proxy: ForwardProxyServer = {
    ...{ port: address.port, requests, manner, cut },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

function requestOf(head: string): ConnectRequest {
  const [line = '', ...fields] = head.slice(0, head.indexOf('\r\n\r\n')).split('\r\n')
  const pairs = fields.map(field => {
    const at = field.indexOf(':')
    return [field.slice(0, at).toLowerCase(), field.slice(at + 1).trim()] as const
  })
  const [method, authority = ''] = line.split(' ')
  if (method !== 'CONNECT') throw new Error(`the proxy was asked for ${line}`)
  return { authority, headers: Object.fromEntries(pairs) }
}
