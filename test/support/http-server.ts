// A plain HTTP server on loopback that remembers who asked.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'

export interface HttpServer extends AsyncDisposable {
  readonly port: number
  readonly origin: string
  readonly requests: readonly IncomingMessage[]
  stop(): Promise<void>
}

/** Starts a server that answers with `listener`. */
export async function startHttp(listener: RequestListener): Promise<HttpServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  const { port } = address
  return { port, origin: `http://127.0.0.1:${port}`, requests, stop, [Symbol.asyncDispose]: stop }
}
