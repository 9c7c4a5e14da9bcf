// A loopback proxy in front of a server, to play one that is slow, silent or gone, and one that comes back.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** `url` with this proxy in place of its host and port. */
  through(url: string): string
  /** Resolves when the next connection was accepted. */
  reached(): Promise<void>
  /** From now on connections are accepted and nothing is passed on, in either direction. */
  pause(): void
  /** From now on what the server says is lost, and what it is told arrives. */
  deafen(): void
  /** Cuts what is open; from now on new connections are cut as well. */
  cut(): void
  /** Passes everything on again, also what was held back by a pause. */
  resume(): void
}

/** Starts a proxy in front of the server at `url`'s host and port; `onReply` has what the server sends. */
export async function startTcpProxy(url: string, onReply?: (bytes: Buffer) => void): Promise<TcpProxy> {
  const target = new URL(url)
  const pairs = new Set<readonly [Socket, Socket]>()
  const awaited: (() => void)[] = []
  let state: 'open' | 'paused' | 'deaf' | 'cut' = 'open'

  const server = createServer(near => {
    near.on('error', () => {})
    for (const arrive of awaited.splice(0)) arrive()
    if (state === 'cut') return void near.destroy()
    const far = connect(Number(target.port), target.hostname)
    const pair = [near, far] as const
    pairs.add(pair)
    near.on('data', chunk => far.write(chunk))
    far.on('data', chunk => state === 'deaf' || near.write(chunk))
    endTogether(near, far, () => pairs.delete(pair))
    endTogether(far, near, () => pairs.delete(pair))
    if (onReply) far.on('data', onReply)
    if (state === 'paused') hold(pair)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')

  const cut = () => {
    state = 'cut'
    for (const socket of [...pairs].flat()) socket.destroy()
  }
  return {
    port: address.port,
    through(original) {
      const proxied = new URL(original)
      proxied.hostname = '127.0.0.1'
      proxied.port = String(address.port)
      return proxied.href
    },
    reached: () => new Promise(resolve => awaited.push(resolve)),
    pause() {
      state = 'paused'
      pairs.forEach(hold)
    },
    deafen() {
      state = 'deaf'
    },
    cut,
    resume() {
      state = 'open'
      for (const socket of [...pairs].flat()) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

function endTogether(from: Socket, to: Socket, closed: () => void): void {
  from.on('error', () => {})
  from.on('close', () => {
    to.destroy()
    closed()
  })
}

function hold(pair: readonly Socket[]): void {
  for (const socket of pair) socket.pause()
}
