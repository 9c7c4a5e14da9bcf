// Why the service does not start: what it says, and that it says no secret.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { API_KEY, CLIENT_SECRET, type GatewaySettings, JWT_SECRET } from '../support/gateway.ts'
import { serveGateway } from '../support/gateway-process.ts'
import { startHttp } from '../support/http-server.ts'
import { startIdp } from '../support/idp.ts'
import { status } from '../support/idp-faults.ts'
import { createDatabase } from '../support/postgres.ts'

const UPSTREAM = 'http://127.0.0.1:9'

/** A boot that must fail: its exit code and its operational lines, without times. */
async function failedBoot(settings: Omit<GatewaySettings, 'upstreamUrls'>) {
  await using started = serveGateway({ upstreamUrls: [UPSTREAM], ...settings })
  const code = await started.exited
  const { password } = new URL(settings.databaseUrl)
  const secrets = [API_KEY, CLIENT_SECRET, JWT_SECRET, password]
  const lines = started.stderr
    .split('\n')
    .flatMap(line => /^\[gateway\] \S+ ((?:warn|error) .*)/.exec(line)?.[1] ?? [])
  return {
    ...{ code, lines, stdout: started.stdout },
    leaked: secrets.filter(secret => started.stderr.includes(secret)),
    isListening: started.stderr.includes('listens on'),
  }
}

const FAILED = { code: 1, stdout: '', leaked: [], isListening: false }

describe('a service that cannot start says why, ends with 1 and prints no secret', {
  concurrency: true,
}, () => {
  test('a port that is taken', async () => {
    await using database = await createDatabase()
    await using idp = await startIdp()
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number } // of a TCP server

    const failure = await failedBoot({ port, issuer: idp.issuer, databaseUrl: database.tcpUrl })

    holder.close()
    assert.deepEqual(failure, {
      ...FAILED,
      lines: [`error cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${port}`],
    })
  })

  test('a database that is down, after three attempts', async () => {
    const port = await freePort()
    const databaseUrl = `postgres://gateway:marked-password@127.0.0.1:${await freePort()}/gateway`

    const failure = await failedBoot({
      ...{ port, issuer: UPSTREAM },
      databaseUrl,
      sections: { store: { postgres_url: databaseUrl, connect_timeout_seconds: 1 } },
    })

    const told = (attempt: number) =>
      `store.postgres_url: the database does not answer (ECONNREFUSED), attempt ${attempt} of 3; store.connect_timeout_seconds is 1`
    assert.deepEqual(failure, {
      ...FAILED,
      lines: [`warn ${told(1)}`, `warn ${told(2)}`, `error cannot start: ${told(3)}`],
    })
  })

  test('a load test where people have spent something', async () => {
    await using database = await createDatabase()
    await database.pool.query(`insert into spend (principal, period, period_start, nano_usd)
                               values ('a', '2026-11', '2026-11-01', 1)`)

    const failure = await failedBoot({
      ...{ port: await freePort(), issuer: UPSTREAM, databaseUrl: database.tcpUrl },
      sections: { load_test_mode: { enabled: true } },
    })

    assert.deepEqual(failure.lines.slice(-1), [
      'error cannot start: load_test_mode.enabled: the database holds what people have spent. Give the load test a database of its own.',
    ])
    assert.deepEqual({ ...failure, lines: [] }, { ...FAILED, lines: [] })
  })

  test('a password that the database refuses, at once', async () => {
    await using database = await createDatabase()
    const url = new URL(database.tcpUrl)
    url.password = 'marked-wrong-password'

    const failure = await failedBoot({ port: await freePort(), issuer: UPSTREAM, databaseUrl: url.href })

    assert.equal(failure.lines.length, 1)
    assert.match(
      failure.lines[0] ?? '',
      /^error cannot start: store\.postgres_url: the server refuses the password of role /,
    )
    assert.deepEqual({ ...failure, lines: [] }, { ...FAILED, lines: [] })
  })

  test('a database that does not exist, at once', async () => {
    await using database = await createDatabase()
    const url = new URL(database.tcpUrl)
    url.pathname = '/nowhere'

    const failure = await failedBoot({ port: await freePort(), issuer: UPSTREAM, databaseUrl: url.href })

    assert.equal(failure.lines.length, 1)
    assert.match(failure.lines[0] ?? '', /database "nowhere" does not exist \(3D000\)/)
    assert.deepEqual({ ...failure, lines: [] }, { ...FAILED, lines: [] })
  })

  test('an identity provider that is down, after three attempts', async () => {
    await using database = await createDatabase()
    const issuer = `http://127.0.0.1:${await freePort()}`

    const failure = await failedBoot({ port: await freePort(), issuer, databaseUrl: database.tcpUrl })

    const told = (attempt: number) =>
      `oidc.issuer ${issuer}: discovery at ${issuer}/.well-known/openid-configuration failed: the connection was refused (attempt ${attempt} of 3)`
    assert.deepEqual(failure, {
      ...FAILED,
      lines: [
        ...[`warn ${told(1)}`, `warn ${told(2)}`],
        `error cannot start: ${told(3)}. Fix: check host and port; where only a forward proxy leads out, set oidc.use_proxy.`,
      ],
    })
  })

  test('a discovery document that is not there, at once', async () => {
    await using database = await createDatabase()
    await using idp = await startIdp({ faults: { discovery: status(404, 'marked-page') } })

    const failure = await failedBoot({
      port: await freePort(),
      issuer: idp.issuer,
      databaseUrl: database.tcpUrl,
    })

    assert.equal(failure.lines.length, 1)
    assert.match(failure.lines[0] ?? '', /discovery at .* failed: HTTP status 404 \(attempt 1 of 3\)\. Fix: /)
    assert.deepEqual({ ...failure, lines: [] }, { ...FAILED, lines: [] })
  })

  test('a discovery document of another issuer, with both values', async () => {
    await using database = await createDatabase()
    await using idp = await startIdp({ metadata: { issuer: 'https://other.example' } })

    const failure = await failedBoot({
      port: await freePort(),
      issuer: idp.issuer,
      databaseUrl: database.tcpUrl,
    })

    assert.equal(failure.lines.length, 1)
    for (const word of [idp.issuer, 'https://other.example']) assert.ok(failure.lines[0]?.includes(word))
    assert.deepEqual({ ...failure, lines: [] }, { ...FAILED, lines: [] })
  })

  test('an issuer on this machine without CLAUDE_GATEWAY_ALLOW_LOOPBACK, which is never asked', async () => {
    await using database = await createDatabase()
    await using idp = await startHttp((_request, response) => response.end('{}'))
    const settings = { port: await freePort(), issuer: idp.origin, databaseUrl: database.tcpUrl }

    await using started = serveGateway(
      { ...settings, upstreamUrls: [UPSTREAM] },
      { variables: { CLAUDE_GATEWAY_ALLOW_LOOPBACK: '' } },
    )
    const code = await started.exited

    assert.deepEqual([code, idp.requests.length], [1, 0])
    for (const word of ['oidc.issuer', '127.0.0.1', 'CLAUDE_GATEWAY_ALLOW_LOOPBACK']) {
      assert.ok(started.stderr.includes(word), started.stderr)
    }
  })
})
