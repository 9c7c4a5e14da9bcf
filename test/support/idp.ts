// A faithful identity provider on the loopback, whose manners a test can change while it runs.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Certificate } from './certificate.ts'
import { ENDPOINTS, endpointOf, IdpState, methodOf } from './idp-endpoints.ts'
import { type Manners, POLITE } from './idp-manners.ts'
import { createIdpKeys } from './idp-tokens.ts'

export type LoopbackIdp = IdpState & AsyncDisposable

/** Speaks https with `tls`, else plain http. */
export async function startIdp(manners: Partial<Manners> = {}, tls?: Certificate): Promise<LoopbackIdp> {
  const server = tls
    ? createTlsServer({ cert: tls.certificate_pem, key: tls.private_key_pem })
    : createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server has one
  const state = new IdpState(
    `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    { ...POLITE, ...manners },
    await createIdpKeys(),
  )
  server.on('request', (request, response) => void serve(state, request, response))
  return Object.assign(state, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  })
}

async function serve(state: IdpState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', state.origin)
  const form = new URLSearchParams(request.method === 'POST' ? await text(request) : url.search)
  const endpoint = endpointOf(url.pathname, form, state)
  if (endpoint === null) return void response.writeHead(404).end()
  const { authorization = '', host = '' } = request.headers
  const method = request.method === 'POST' ? await methodOf(state, authorization, form) : null
  state.requests.push({ endpoint, form, method })
  await state.manners.pause(endpoint)
  const fault = state.manners.faults[endpoint]
  if (fault) return void fault(request, response)
  const bearer = authorization.replace(/^Bearer /, '')
  const answer = await ENDPOINTS[endpoint]({ state, form, method, bearer, host })
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
  response.end(answer.body === undefined ? '' : JSON.stringify(answer.body))
}
