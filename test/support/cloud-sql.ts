// Cloud SQL on loopback: the SQL Admin API, and the instance's proxy port in front of a real Postgres.
import { createHash, createPublicKey, randomInt, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import * as sasl from 'pg/lib/crypto/sasl.js'
import { createAuthority } from './authority.ts'

/** The connector dials this port of every instance. */
const PROXY_PORT = 3307

const PROJECT = 'p'
const REGION = 'europe-west1'
const INSTANCE = 'gatehouse'

export interface LoopbackInstance {
  readonly connectionName: string
  /** Answers what the connector asks of the SQL Admin API. */
  readonly adminApi: RequestListener
  /** The tokens that certificates were asked for with, and that logins were tried with. */
  readonly tokens: string[]
  /** What is asked of the Admin API, as `GET path`. */
  readonly asked: string[]
  /** From now on the Admin API answers with this status. */
  fail(status: number): void
}

interface InstanceOptions {
  /** The database server behind the proxy, as a URL. */
  readonly backend: string
  /** The kind of address that the instance says it has. */
  readonly kind?: 'PRIVATE' | 'PRIMARY'
  /** Whose name the server's certificate bears. */
  readonly commonName?: string
}

/**
 * Starts an instance that lets a client in by the certificate it issued, and logs the client in with the access token
 * that the certificate was asked for with: the token is the password of the role.
 */
export async function startInstance(t: TestContext, options: InstanceOptions): Promise<LoopbackInstance> {
  const authority = createAuthority('Cloud SQL Server CA')
  // Addresses of 127/8 are all this machine, so that the fixed port is this test's own.
  const host = `127.${randomInt(1, 255)}.${randomInt(0, 255)}.${randomInt(1, 255)}`
  const tokenOf = new Map<string, string>()
  const tokens: string[] = []
  const asked: string[] = []
  let failure: number | null = null

  const identity = authority.issue(options.commonName ?? `${PROJECT}:${INSTANCE}`)
  const server = createServer({ ...identity, ca: authority.cert, requestCert: true, minVersion: 'TLSv1.3' })
  server.on('secureConnection', (client: TLSSocket) => {
    const { raw } = client.getPeerCertificate()
    const token = tokenOf.get(
      fingerprint(new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' })),
    )
    if (token === undefined) return void client.destroy()
    tokens.push(token)
    logIn(client, { backend: new URL(options.backend), password: token })
  })
  server.on('tlsClientError', () => {})
  server.listen(PROXY_PORT, host)
  await once(server, 'listening')
  t.after(() => server.close())

  const metadata = {
    kind: 'sql#connectSettings',
    ipAddresses: [{ type: options.kind ?? 'PRIVATE', ipAddress: host }],
    serverCaCert: { cert: authority.cert, expirationTime: new Date(Date.now() + 864e5).toISOString() },
    databaseVersion: 'POSTGRES_17',
    backendType: 'SECOND_GEN',
    region: REGION,
  }
  const adminApi: RequestListener = async (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (failure !== null) return answer(response, failure, { error: { code: failure, message: 'no' } })
    if (request.method === 'GET') return answer(response, 200, metadata)
    const { public_key: publicKey, access_token: token } = JSON.parse(Buffer.concat(chunks).toString())
    const der = createPublicKey(publicKey).export({ type: 'spki', format: 'der' })
    if (typeof token === 'string') tokenOf.set(fingerprint(der), token)
    answer(response, 200, { ephemeralCert: { cert: authority.certify('client', publicKey) } })
  }
  return {
    connectionName: `${PROJECT}:${REGION}:${INSTANCE}`,
    adminApi,
    tokens,
    asked,
    fail(status) {
      failure = status
    },
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function fingerprint(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex')
}

/** Passes the client's first message on, answers the server's questions about a password itself, then joins the two. */
function logIn(client: TLSSocket, { backend, password }: { backend: URL; password: string }): void {
  const server = connect(Number(backend.port), backend.hostname)
  client.on('error', () => server.destroy()).on('close', () => server.destroy())
  server.on('error', () => client.destroy()).on('close', () => client.destroy())
  let session: ReturnType<typeof sasl.startSession> | undefined
  let pending = Buffer.alloc(0)
  const onMessages = (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 5 && pending.length > pending.readUInt32BE(1)) {
      const message = pending.subarray(0, pending.readUInt32BE(1) + 1)
      const kind = message.readUInt32BE(5)
      if (message[0] !== 0x52 || kind === 0) break // anything but a question about the password
      pending = pending.subarray(message.length)
      if (kind === 10) {
        session = sasl.startSession(['SCRAM-SHA-256'])
        const first = Buffer.from(session.response)
        send(server, Buffer.concat([Buffer.from(`${session.mechanism}\0`), lengthOf(first), first]))
      } else if (kind === 11 && session) {
        void sasl.continueSession(session, password, message.subarray(9).toString()).then(() => {
          if (session) send(server, Buffer.from(session.response))
        })
      }
    }
    if (pending.length < 5 || (pending[0] === 0x52 && pending.readUInt32BE(5) !== 0)) return
    server.off('data', onMessages)
    client.write(pending)
    client.pipe(server)
    server.pipe(client)
  }
  server.on('data', onMessages)
  client.once('data', (startup: Buffer) => server.write(startup))
}

function send(server: Socket, body: Buffer): void {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  server.write(Buffer.concat([Buffer.from('p'), length, body]))
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return length
}
