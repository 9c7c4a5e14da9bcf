// Google on loopback: a metadata server, and its token service, which judges assertions by the letter of RFC 7523.
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Agent, buildConnector } from 'undici'
import { createGoogleToken } from '../../app/net/google-token.ts'
import { type Network, openNetwork } from '../../app/net/network.ts'
import { createAuthority } from './authority.ts'
import { startHttp } from './http-server.ts'
import { recordLog } from './recorded-log.ts'

/** Every variable that the library looks for credentials with. */
const NAMES = ['GCE_METADATA_HOST', 'GCE_METADATA_IP', 'GOOGLE_APPLICATION_CREDENTIALS', 'CLOUDSDK_CONFIG']
const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']

/** Sets the environment for the length of a test; the library reads it itself. */
export function ambient(t: TestContext, variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env }
  for (const name of [...NAMES, ...PROXIES]) delete process.env[name]
  Object.assign(process.env, { CLOUDSDK_CONFIG: '/nowhere', ...variables })
  t.after(() => {
    for (const name of [...NAMES, ...PROXIES]) delete process.env[name]
    Object.assign(process.env, before)
  })
}

/** A Google runtime, whose metadata server answers requests for tokens with `answer`; lists who asked. */
export async function onGoogle(
  t: TestContext,
  answer: (response: ServerResponse) => void,
): Promise<{ asked: readonly string[]; port: number }> {
  const asked: string[] = []
  const server = await startHttp(({ url = '', headers }: IncomingMessage, response) => {
    response.setHeader('metadata-flavor', 'Google')
    asked.push(`${url} ${headers['metadata-flavor']}`)
    answer(response)
  })
  t.after(() => server.stop())
  ambient(t, { GCE_METADATA_HOST: `127.0.0.1:${server.port}` })
  return { asked, port: server.port }
}

/** The answer of either service. */
export function granted(token: unknown): string {
  return JSON.stringify({ access_token: token, expires_in: 3599, token_type: 'Bearer' })
}

/** A token of the credentials that the environment names. */
export function openToken(
  t: TestContext,
  network: Pick<Network, 'dispatcher' | 'close'> = openNetwork({ allowLoopback: false }),
  clock: () => number = Date.now,
) {
  t.after(() => network.close())
  const log = recordLog()
  return { token: createGoogleToken({ network, log, clock }), log, network }
}

/** A credentials file in the environment, whose text is `text`; answers its path. */
export function credentialsFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-google-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'key.json')
  writeFileSync(path, text)
  ambient(t, { GOOGLE_APPLICATION_CREDENTIALS: path })
  return path
}

/** A service account with a key of its own. */
export function serviceAccount() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const file = {
    type: 'service_account',
    project_id: 'p',
    private_key_id: 'k1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: 'gateway@p.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
  }
  const signed = (claims: unknown): string => {
    const parts = [{ alg: 'RS256', typ: 'JWT', kid: file.private_key_id }, claims]
    const text = parts.map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
  }
  return { file, sign: signed, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

/** The claims of an assertion, when its signature is the account's. */
export function claimsOf(assertion: string, publicKey: string): Record<string, unknown> {
  const [head = '', body = '', signature = ''] = assertion.split('.')
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const bytes = Buffer.from(`${head}.${body}`)
  const isSigned = verify('sha256', bytes, createPublicKey(publicKey), Buffer.from(signature, 'base64url'))
  return { alg, isSigned, ...JSON.parse(Buffer.from(body, 'base64url').toString()) }
}

/** A network on which every address of Google's is one TLS server on this machine; plain http goes where it says. */
export async function googleNetwork(t: TestContext, listener: RequestListener) {
  const authority = createAuthority('Test Roots')
  const services = [
    ...['oauth2', 'sts', 'iamcredentials', 'sqladmin', 'admin', 'cloudidentity', 'secretmanager'],
    ...['cloudresourcemanager', 'serviceusage', 'storage', 'compute', 'dns', 'orgpolicy', 'cloudbilling'],
  ]
  const names = [...services, 'secretmanager.europe-west1.rep'].map(service => `${service}.googleapis.com`)
  const server = createTlsServer(authority.issue(...names), listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server has an address with a port
  const connect = buildConnector({ ca: authority.cert, allowH2: false })
  const agent = new Agent({
    connect(target, done) {
      if (target.protocol === 'http:') return connect(target, done)
      const server = { servername: target.hostname, hostname: '127.0.0.1', port: `${port}` }
      return connect({ ...target, ...server }, done)
    },
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { dispatcher: () => agent, close: () => agent.destroy() }
}
