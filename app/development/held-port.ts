import { createServer } from 'node:net'

/** A loopback port that nobody else can take before the gateway does. */
export interface HeldPort {
  readonly port: number
  /** Gives it free for the gateway; harmless when called again. */
  release(): void
}

/** Holds `preferred` when nobody listens there, else any free port. */
export async function holdPort(preferred: number): Promise<HeldPort> {
  return hold(preferred).catch(() => hold(0))
}

function hold(wanted: number): Promise<HeldPort> {
  const { promise, resolve, reject } = Promise.withResolvers<HeldPort>()
  const server = createServer(visitor => visitor.destroy())
  server.once('error', reject)
  server.listen(wanted, '127.0.0.1', () => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : wanted
    resolve({ port, release: () => void server.close() })
  })
  return promise
}
