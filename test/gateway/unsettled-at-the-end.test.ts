// A process that ends while Postgres is away: what it could not store is in its log, and is stored from there (M-35, H-31).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allOf, totals } from '../support/entries.ts'
import { freePort } from '../support/free-port.ts'
import { gatewayConfig } from '../support/gateway.ts'
import { configFile, serveGateway, startProcess } from '../support/gateway-process.ts'
import { bearerFor } from '../support/held-streams.ts'
import { startIdp } from '../support/idp.ts'
import { ask, countingUpstream } from '../support/mixed-traffic.ts'
import { createDatabase } from '../support/postgres.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { startUpstream } from '../support/upstream.ts'

test('the lines of a process that could not store are handed back, and every answer is billed once', async () => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  await using idp = await startIdp()
  await using upstream = await startUpstream(countingUpstream())
  const port = await freePort()
  const settings = {
    ...{ port, issuer: idp.issuer, upstreamUrls: [upstream.origin], sections: { admin: {} } },
    databaseUrl: proxy.through(database.tcpUrl),
  }
  await using gateway = serveGateway(settings)
  await gateway.line('ready')
  const bearer = await bearerFor(port)
  const one = { bearer, fate: 'stream' } as const

  const before = await ask(port, one)
  proxy.cut()
  const during = await Promise.all([ask(port, one), ask(port, one), ask(port, { bearer, fate: 'cut' })])
  gateway.signal('SIGTERM')
  const code = await gateway.exited
  proxy.resume()
  const stored = await totals(database.pool)
  using file = configFile(gatewayConfig(settings))
  await using replay = startProcess({
    words: ['spend', 'replay', '--config', file.path],
    input: gateway.stderr,
  })
  const replayed = [await replay.exited, replay.stdout, replay.stderr]

  // The first answer costs 1 token in and 5 out; then 2, 3 and 4 in, and the one that was cut has a token out.
  assert.deepEqual(
    [before, ...during].map(({ isWhole }) => isWhole),
    [true, true, true, false],
  )
  const [first, all] = [52_000n, 4n * 50_000n - 40_000n + 20_000n]
  assert.deepEqual([code, stored], [0, allOf(first)])
  assert.deepEqual([replayed[0], replayed[2]], [0, ''])
  assert.match(
    replayed[1]?.toString() ?? '',
    /^3 settled, 0 were there already, 0 refused, \d+ other lines\n$/,
  )
  assert.deepEqual(await totals(database.pool), allOf(all))
  const last = gateway.events().at(-1)
  assert.equal(last?.['evt'], 'server.stop')
})
