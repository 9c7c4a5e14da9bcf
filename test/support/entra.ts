// Entra ID on loopback: its token service behind TLS under its own name, and a machine's endpoint for managed identities.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { Agent, buildConnector } from 'undici'
import { type Network, openNetwork } from '../../app/net/network.ts'
import { createAuthority } from './authority.ts'
import { startHttp } from './http-server.ts'

export const TENANT = '11111111-2222-4333-8444-555555555555'
export const CLIENT = '99999999-8888-4777-8666-555555555555'
export const SCOPE = 'https://ai.azure.com/.default'
const HOST = 'login.microsoftonline.com'

/** Sets the environment for the length of a test; the library reads it itself. */
export function azure(t: TestContext, variables: Readonly<Record<string, string>>): void {
  const names = () => Object.keys(process.env).filter(name => /^(AZURE|IDENTITY|IMDS|MSI)_/.test(name))
  const before = names().map(name => [name, process.env[name]])
  const clear = () => {
    for (const name of names()) delete process.env[name]
  }
  clear()
  Object.assign(process.env, variables)
  t.after(() => {
    clear()
    Object.assign(process.env, Object.fromEntries(before))
  })
}

/** One question for a token: the path, and the form or the query. */
export interface Asked {
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
}

type Answer = (response: ServerResponse, asked: Asked, number: number) => void

/** An answer of Entra's that grants `token`. */
export function grants(token: string, seconds = 3599): string {
  return JSON.stringify({
    token_type: 'Bearer',
    expires_in: seconds,
    ext_expires_in: seconds,
    access_token: token,
  })
}

/** An error of Entra's, as long and talkative as they are. */
export function refuses(number: number, words = ''): string {
  return JSON.stringify({
    error: 'invalid_client',
    error_description: `AADSTS${number}: ${words} Trace ID: 0 Correlation ID: 0 Timestamp: 2026-01-01`,
    error_codes: [number],
    ...{ timestamp: '2026-01-01 00:00:00Z', trace_id: '0', correlation_id: '0' },
  })
}

/** A network on which `login.microsoftonline.com` is this machine's, and answers questions for tokens with `answer`. */
export async function entraNetwork(t: TestContext, answer: Answer) {
  const asked: Asked[] = []
  const authority = createAuthority('Test Roots')
  const server = createTlsServer(authority.issue(HOST), (request, response) => {
    response.setHeader('content-type', 'application/json')
    void serve(request, response, question => {
      asked.push(question)
      answer(response, question, asked.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a TCP server has an address with a port
  const secure = buildConnector({ ca: authority.cert, allowH2: false })
  const plain = buildConnector({ allowH2: false })
  const agent = new Agent({
    connect: (target, done) =>
      target.protocol === 'https:'
        ? secure({ ...target, servername: target.hostname, hostname: '127.0.0.1', port: `${port}` }, done)
        : plain(target, done),
  })
  const direct = openNetwork({ allowLoopback: true })
  const network: Network = {
    ...direct,
    dispatcher: options => (options.purpose === 'ambient' ? agent : direct.dispatcher(options)),
    close: async () => void (await Promise.all([agent.destroy(), direct.close()])),
  }
  return { network, asked }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  token: (asked: Asked) => void,
): Promise<void> {
  const url = new URL(request.url ?? '/', `https://${HOST}`)
  const body = await text(request)
  if (url.pathname === '/common/discovery/instance') {
    const metadata = [{ preferred_network: HOST, preferred_cache: 'login.windows.net', aliases: [HOST] }]
    const tenant_discovery_endpoint = `https://${HOST}/${TENANT}/v2.0/.well-known/openid-configuration`
    response.end(JSON.stringify({ tenant_discovery_endpoint, 'api-version': '1.1', metadata }))
  } else if (url.pathname.endsWith('/.well-known/openid-configuration')) {
    const at = `https://${HOST}/${TENANT}`
    const endpoints = {
      token_endpoint: `${at}/oauth2/v2.0/token`,
      authorization_endpoint: `${at}/oauth2/v2.0/authorize`,
    }
    response.end(
      JSON.stringify({ ...endpoints, issuer: `${at}/v2.0`, jwks_uri: `${at}/discovery/v2.0/keys` }),
    )
  } else if (url.pathname === `/${TENANT}/oauth2/v2.0/token` && request.method === 'POST') {
    token({ path: url.pathname, fields: Object.fromEntries(new URLSearchParams(body)) })
  } else {
    response.writeHead(404).end('{}')
  }
}

/** A machine of Azure's with an identity; answers questions for tokens with `answer`, in the shape of its endpoint. */
export async function onAzure(
  t: TestContext,
  answer: Answer,
  variables: Readonly<Record<string, string>> = {},
): Promise<{ asked: readonly Asked[] }> {
  const asked: Asked[] = []
  const server = await startHttp(({ url = '', headers }, response) => {
    response.setHeader('content-type', 'application/json')
    const { pathname, searchParams } = new URL(url, 'http://imds')
    if (!/^\/metadata\/identity\/oauth2\/token\/?$/.test(pathname) || headers['metadata'] !== 'true') {
      response.writeHead(400).end('{"error":"invalid_request"}')
      return
    }
    const question = { path: pathname, fields: Object.fromEntries(searchParams) }
    asked.push(question)
    answer(response, question, asked.length)
  })
  t.after(() => server.stop())
  azure(t, { AZURE_POD_IDENTITY_AUTHORITY_HOST: server.origin, ...variables })
  return { asked }
}

/** What the endpoint for managed identities grants. */
export function grantsOnMachine(token: string, seconds = 86_400): string {
  const expires_on = String(Math.floor(Date.now() / 1000) + seconds)
  return JSON.stringify({
    access_token: token,
    expires_on,
    resource: 'r',
    token_type: 'Bearer',
    client_id: CLIENT,
  })
}
