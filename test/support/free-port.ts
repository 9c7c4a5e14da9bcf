import { createServer } from 'node:net'
import { administer } from './postgres.ts'

/**
 * A port that nobody listens on, for what must be known before there is a listener: a redirect URI, a configuration.
 *
 * No two tests of a run get the same one, and the system gives none of these to a listener on port 0 or to a client.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const [row] = (await administer(`select nextval('ports')::integer as port`)) as { port: number }[] // its one row
    const port = row?.port ?? 0
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  return promise
}
