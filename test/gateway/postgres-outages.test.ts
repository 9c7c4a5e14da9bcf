// Postgres gone, silent or read-only in the middle of everything, and back: each promise of the table of outages.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { comeBack, pressContinue } from '../support/browser.ts'
import { administer, type TestDatabase } from '../support/postgres.ts'
import { approveAtIdp } from '../support/sign-in.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { chunk, LAST_CHUNK, type Script, streamHead } from '../support/upstream.ts'
import { ASK, openWholeGateway, polite } from '../support/whole-gateway.ts'

interface Outage {
  readonly what: string
  begin(place: { proxy: TcpProxy; database: TestDatabase }): unknown
  end(place: { proxy: TcpProxy; database: TestDatabase }): unknown
}

const OUTAGES: readonly Outage[] = [
  { what: 'gone', begin: ({ proxy }) => proxy.cut(), end: ({ proxy }) => proxy.resume() },
  { what: 'silent', begin: ({ proxy }) => proxy.pause(), end: ({ proxy }) => proxy.resume() },
  {
    what: 'read-only',
    begin: ({ database }) => setReadOnly(database, 'on'),
    end: ({ database }) => setReadOnly(database, 'off'),
  },
]

/** For every session from now on; those that are open are ended, which is waited for. */
async function setReadOnly({ url }: TestDatabase, value: 'on' | 'off'): Promise<void> {
  const name = url.split('/').at(-1)
  await administer(`alter database ${name} set default_transaction_read_only = ${value}`)
  await administer(
    `select pg_terminate_backend(pid, 10000) from pg_stat_activity
      where datname = '${name}' and application_name = 'gatehouse'`,
  )
}

/** A gateway whose way to the database, and whose clock, a test holds. */
async function open(script: Script = polite) {
  const { promise: made, resolve } = Promise.withResolvers<TcpProxy>()
  let skew = 0
  const whole = await openWholeGateway({
    scripts: [script],
    clock: () => Date.now() + skew,
    async databaseUrl(database) {
      const proxy = await startTcpProxy(database.tcpUrl)
      resolve(proxy)
      return proxy.through(database.tcpUrl)
    },
  })
  const proxy = await made
  return {
    ...{ ...whole, proxy },
    /** Readiness is asked at most once a second, so a second passes. */
    async readiness() {
      skew += 1000
      const { status, body } = await whole.get('/readyz')
      return [status, body]
    },
    async [Symbol.asyncDispose]() {
      await whole[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

type Sut = Awaited<ReturnType<typeof open>>

/** A form's answer: status, Retry-After, body. */
async function post({ gateway }: Sut, path: string, form: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: { origin: gateway.url },
  })
  return [response.status, response.headers.get('retry-after'), await response.text()] as const
}

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const LATER = [503, '5', '{"error":"temporarily_unavailable"']

describe('signed-in work goes on, sign-in waits and everything recovers without a restart', {
  concurrency: true,
}, () => {
  for (const outage of OUTAGES) {
    test(`while Postgres is ${outage.what}`, async t => {
      await using sut = await open()
      const [working, leaving] = [await sut.tokens(), await sut.tokens()]
      const [prompt, other] = [await sut.terminal.begin(), await sut.terminal.begin()]
      const { location, cookie } = await pressContinue(prompt)
      const callback = await approveAtIdp(location)
      await outage.begin(sut)

      const [work, refresh, form, page, returning, ...posts] = await Promise.all([
        sut.ask(working.access_token),
        sut.terminal.refresh(working.refresh_token),
        sut.get('/device'),
        sut.get(`/device?user_code=${other.user_code}`),
        comeBack(`${callback}&code=spoiled`, { cookie }),
        post(sut, '/oauth/device_authorization'),
        post(sut, '/oauth/token', { grant_type: GRANT, device_code: prompt.device_code }),
        post(sut, '/oauth/revoke', { token: leaving.access_token }),
        post(sut, '/device', { user_code: other.user_code }),
      ])
      const left = await sut.ask(leaving.access_token)
      const unready = await sut.readiness()
      const live = await sut.get('/healthz')
      await outage.end(sut)

      const [authorization, poll, revocation, pressed] = posts
      assert.deepEqual([work.status, refresh.status, left.status, live.body], [200, 200, 401, 'ok'])
      assert.deepEqual([form.status, page.status, returning.status, pressed[0]], [200, 200, 503, 503])
      assert.ok(page.body.includes(other.user_code))
      assert.deepEqual([authorization[0], authorization[1], authorization[2].slice(0, 34)], LATER)
      assert.deepEqual([poll[0], poll[2]], [400, '{"error":"slow_down"}'])
      assert.deepEqual([revocation[0], revocation[1]], [503, '5'])
      assert.deepEqual(unready, [503, 'store unavailable'])
      // A connection that the outage cost may be noticed at its next use only.
      while ((await sut.readiness())[0] !== 200) t.signal.throwIfAborted()
      assert.equal((await sut.signIn()).kind, 'signed_in')
    })
  }
})

test('a browser that came back while Postgres was gone comes back again, and the terminal is signed in', async () => {
  await using sut = await open()
  let pages: readonly number[] = []

  const end = await sut.signIn(async prompt => {
    const { location, cookie } = await pressContinue(prompt)
    const callback = await approveAtIdp(location)
    sut.proxy.cut()
    const during = await comeBack(callback, { cookie })
    sut.proxy.resume()
    pages = [during.status, (await comeBack(callback, { cookie })).status]
  })

  assert.deepEqual([end.kind, pages], ['signed_in', [503, 200]])
})

test('a stream does not notice that Postgres goes away in the middle of it', async () => {
  const [begun, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await using sut = await open(async (_request, socket) => {
    socket.write(Buffer.concat([streamHead(), chunk(REPLY_EVENTS.slice(0, 4).join(''))]))
    begun.resolve()
    await gone.promise
    socket.write(Buffer.concat([chunk(REPLY_EVENTS.slice(4).join('')), LAST_CHUNK]))
  })
  const { access_token } = await sut.tokens()

  const asked = sut.ask(access_token, { ...ASK, stream: true })
  await begun.promise
  sut.proxy.cut()
  const unready = await sut.readiness()
  gone.resolve()

  const { status, body } = await asked
  assert.deepEqual([unready[0], status, body], [503, 200, REPLY_EVENTS.join('')])
})
