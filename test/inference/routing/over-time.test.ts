// What routing remembers from one request to the next, with a clock that only the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPost, post, STREAM_BODY } from '../../support/relay-client.ts'
import { bodyOf, OVERLOADED, reply, startRouted } from '../../support/routed-relay.ts'
import { jsonAnswer } from '../../support/upstream.ts'

test('a dead first upstream is asked five times, then once every 30 seconds, and after one good probe always', async t => {
  const { scripts, time, counts, ask, relay } = await startRouted(t, [OVERLOADED, reply()])

  for (let count = 0; count < 5; count += 1) assert.equal(await ask(), '200 first b')
  assert.deepEqual(counts(), [5, 5])
  for (let count = 0; count < 20; count += 1) assert.equal(await ask(), '200 skipped b')
  assert.deepEqual(counts(), [0, 20])
  time.now += 30_000
  assert.equal(await ask(), '200 probe b')
  for (let count = 0; count < 20; count += 1) assert.equal(await ask(), '200 skipped b')
  assert.deepEqual(counts(), [1, 21])
  scripts[0] = reply()
  time.now += 30_000
  assert.equal(await ask(), '200 probe a')
  assert.equal(await ask(), '200 first a')

  assert.deepEqual(counts(), [2, 0])
  const said = relay.log.lines.filter(line => /set aside|in use again/.test(line))
  assert.deepEqual(said, [
    'warn upstream a is set aside for a model; it is tried again in 30 s {"model":"claude-test","failures":5}',
    'info upstream a is in use again for a model {"model":"claude-test"}',
  ])
})

test('a silent first upstream costs its first-byte deadline once per cooldown, not once per request', async t => {
  const { time, upstreams, ask, counts, relay } = await startRouted(t, [() => undefined, reply()], {
    routing: { breaker_failures: 1 },
  })
  const [silent] = upstreams
  const streamed = { body: STREAM_BODY }

  for (const period of [1, 2, 3]) {
    const waiting = ask(streamed)
    await silent?.request(period)
    time.now += 60_000
    assert.equal(await waiting, `200 ${period === 1 ? 'first' : 'probe'} b`)
    for (let count = 0; count < 10; count += 1) assert.equal(await ask(streamed), '200 skipped b')
    time.now += 30_000
  }

  assert.deepEqual(counts(), [3, 33])
  assert.match(relay.log.lines.join('\n'), /no response head within 60000 ms/)
})

test('a reply that is no stream may take as long as timeouts.upstream_ttfb_ms says, and so may the last upstream', async t => {
  const { time, upstreams, relay } = await startRouted(t, [() => undefined, () => undefined])
  const [first, second] = upstreams
  const whole = post(relay.port)
  const streamed = post(relay.port, { body: STREAM_BODY })
  await first?.request(2)

  time.now += 60_000
  await second?.request(1)
  time.now += 60_000
  await second?.request(2)
  time.now += 120_000

  assert.deepEqual([(await whole).status, (await streamed).status], [502, 502])
  const waits = relay.log.lines.flatMap(line => /head within (\d+) ms/.exec(line)?.[1] ?? [])
  assert.deepEqual(waits.toSorted(), ['120000', '120000', '120000', '60000'])
})

test('when every upstream is dead, each request is one call', async t => {
  const { counts, ask } = await startRouted(t, [OVERLOADED, OVERLOADED])
  for (let count = 0; count < 5; count += 1) await ask()
  assert.deepEqual(counts(), [5, 5])

  const told = new Set<string>()
  for (let count = 0; count < 100; count += 1) told.add(await ask())

  const [a = 0, b = 0] = counts()
  assert.equal(a + b, 100)
  assert.deepEqual(told, new Set(['502 last_resort -']))
})

test('while all fail and their breakers never open, calls stay within 1.2 times the requests', async t => {
  const { counts, ask, relay } = await startRouted(t, [OVERLOADED, OVERLOADED, OVERLOADED], {
    routing: { breaker_failures: 0, retry_floor: 0 },
  })

  for (let count = 0; count < 200; count += 1) await ask()

  const calls = counts().reduce((sum, count) => sum + count)
  assert.ok(calls > 200 && calls <= 240, `${calls}`)
  const denied = (await relay.audited(200)).filter(event => event.retry_denied === true)
  assert.ok(denied.length >= 160, `${denied.length}`)
})

test('whoever comes back is found by the next request that nobody else can take', async t => {
  const { scripts, ask, counts } = await startRouted(t, [OVERLOADED, OVERLOADED])
  for (let count = 0; count < 6; count += 1) await ask()
  counts()

  scripts[0] = reply()
  scripts[1] = reply()

  assert.match(await ask(), /^200 last_resort/)
  assert.match(await ask(), /^200 (first|skipped)/)
})

test('a hundred requests at the moment of recovery are one probe', async t => {
  const { time, scripts, counts, relay } = await startRouted(t, [OVERLOADED, reply()])
  for (let count = 0; count < 5; count += 1) await post(relay.port)
  counts()
  const { promise: back, resolve } = Promise.withResolvers<void>()
  scripts[0] = (_request, socket) => {
    void back.then(() => socket.write(jsonAnswer({ type: 'message' })))
  }
  time.now += 30_000

  const replies = Array.from({ length: 100 }, () => post(relay.port))
  await relay.audited(5 + 99)
  const during = counts()
  resolve()
  const statuses = new Set((await Promise.all(replies)).map(({ status }) => status))

  assert.deepEqual([statuses, during, counts()], [new Set([200]), [1, 99], [0, 0]])
})

test('a client that leaves its probe leaves it to the next request', async t => {
  const { time, scripts, upstreams, ask, relay } = await startRouted(t, [OVERLOADED, reply()])
  for (let count = 0; count < 5; count += 1) await ask()
  scripts[0] = () => undefined
  time.now += 30_000
  const leaving = openPost(relay.port, {})
  await upstreams[0]?.request(6)

  leaving.destroy()
  await relay.audited(6)
  scripts[0] = reply()

  await post(relay.port)
  assert.deepEqual((await relay.audited(7)).map(event => event.routing).slice(5), ['probe', 'probe'])
})

test('a rate-limited upstream is left alone for as long as it says, without a probe, for that model only', async t => {
  const limited = () =>
    jsonAnswer(
      { type: 'error', error: { type: 'rate_limit_error', message: 'no' } },
      { status: 429, headers: { 'retry-after': '20' } },
    )
  const { time, scripts, counts, ask } = await startRouted(t, [limited, reply()])

  assert.equal(await ask(), '200 first b')
  scripts[0] = reply()
  assert.equal(await ask(), '200 skipped b')
  assert.equal(await ask({ body: bodyOf('x').replace('claude-test', 'claude-renamed') }), '200 first a')
  time.now += 20_000
  assert.equal(await ask(), '200 first a')

  assert.deepEqual(counts(), [3, 2])
})

test('an upstream that is alone is asked, whatever happened before', async t => {
  const { scripts, ask, relay } = await startRouted(t, [OVERLOADED])
  for (let count = 0; count < 20; count += 1) assert.equal(await ask(), '502  -')

  scripts[0] = reply()

  assert.equal(await ask(), '200  a')
  assert.deepEqual([...relay.routing.states()], [['a', true]])
})
