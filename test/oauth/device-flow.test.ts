// A sign-in from beginning to end, with a terminal that behaves as Claude Code was observed to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClaudeClient, type SignInPrompt, type Tokens } from '../support/claude-client.ts'
import { cookieOf, press } from '../support/device-browser.ts'
import { approveAtIdp } from '../support/sign-in.ts'
import { comeBack, openTrips, type TripOptions } from '../support/trip.ts'

type Browser = (prompt: SignInPrompt) => Promise<unknown>

/**
 * A terminal and its person. `script` says what happens during each of the terminal's waits; after the last entry the
 * waits pass without events. The database's rows age instead of the clock.
 */
async function start(options: TripOptions = {}) {
  const trips = await openTrips({ withSessions: true, ...options })
  const pauses: number[] = []
  const script: Browser[] = []
  let prompt: SignInPrompt | null = null
  const client = new ClaudeClient({
    gatewayUrl: `http://127.0.0.1:${trips.gateway.port}`,
    wait: async seconds => {
      pauses.push(seconds)
      if (pauses.length > 20) throw new Error('the terminal waits for something that does not come')
      await trips.pool.query(
        "update device_grants set last_poll_at = last_poll_at - $1 * interval '1 second'",
        [seconds],
      )
      if (prompt !== null) await script.shift()?.(prompt)
    },
  })
  return {
    ...{ ...trips, client, pauses },
    /** Begins, lets the person act as scripted, and answers how it ended for the terminal. */
    async signIn(...scripted: Browser[]) {
      script.push(...scripted)
      prompt = await client.begin()
      return client.poll(prompt)
    },
    approve: async ({ user_code }: SignInPrompt) => {
      const away = await press(trips.gateway, { userCode: user_code })
      const callback = new URL(await approveAtIdp(away.headers.location ?? ''))
      return comeBack(trips.gateway, { codes: prompt!, cookie: cookieOf(away), callback }) // begun above
    },
    deny: ({ user_code }: SignInPrompt) => press(trips.gateway, { button: 'stop', userCode: user_code }),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      await trips[Symbol.asyncDispose]()
    },
  }
}

const nothing: Browser = async () => {}

function tokensOf(end: Awaited<ReturnType<ClaudeClient['poll']>>): Tokens {
  assert.equal(end.kind, 'signed_in')
  return end.kind === 'signed_in' ? end.tokens : { access_token: '', token_type: '', expires_in: 0 }
}

test('a terminal that waits for its browser gets a bearer that opens the gateway, and can renew it', async () => {
  await using sut = await start()

  const tokens = tokensOf(await sut.signIn(nothing, sut.approve))

  const whoami = await sut.client.get('/whoami', tokens.access_token)
  const renewed = JSON.parse((await sut.client.refresh(tokens.refresh_token ?? '')).body)
  const { access_token, refresh_token, ...rest } = tokens
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600 })
  assert.ok(access_token !== '' && refresh_token !== undefined)
  assert.deepEqual(JSON.parse(whoami.body), {
    ...{ sub: 'u-ada', email: 'ada@example.com', name: 'Ada Example' },
    groups: ['engineering', 'on-call'],
  })
  assert.equal((await sut.client.get('/whoami', renewed.access_token)).status, 200)
  assert.deepEqual(sut.pauses, [5, 5])
})

test('a sign-in is audited when the terminal collects it, with where it was approved', async () => {
  await using sut = await start()

  await sut.signIn(sut.approve)

  const events = sut.gateway.events.map(event => ({
    ...event,
    request_id: '',
    ...('sid' in event && { sid: '' }),
  }))
  const common = { request_id: '', client_ip: '127.0.0.1' }
  assert.deepEqual(events, [
    { evt: 'device.authorize', ...common, result: 'success', surface: 'claude_code' },
    { evt: 'device.verify', ...common, result: 'redirect' },
    { evt: 'device.callback', ...common, result: 'approved' },
    {
      ...{ evt: 'session.mint', ...common, result: 'success', sub: 'u-ada', email: 'ada@example.com' },
      ...{ sid: '', ttl_hours: 1, approved_from: '127.0.0.1', cross_address: false },
    },
  ])
})

test('an approval from another network than the terminal is marked in the audit log', async () => {
  await using sut = await start({ gateway: { trustedProxies: ['127.0.0.1'] } })

  await sut.signIn(async ({ user_code }) => {
    const from = '198.51.100.24'
    const away = await press(sut.gateway, { userCode: user_code, from })
    const callback = new URL(await approveAtIdp(away.headers.location ?? ''))
    await sut.gateway.ask(`${callback.pathname}${callback.search}`, {
      headers: { cookie: cookieOf(away), 'x-forwarded-for': from },
    })
  })

  const mint = sut.gateway.events.find(({ evt }) => evt === 'session.mint')
  assert.deepEqual(
    { ...mint, request_id: '', sid: '' },
    {
      ...{ evt: 'session.mint', request_id: '', client_ip: '127.0.0.1', result: 'success' },
      ...{ sub: 'u-ada', email: 'ada@example.com', sid: '', ttl_hours: 1 },
      ...{ approved_from: '198.51.100.24', cross_address: true },
    },
  )
})

test('a person who presses Stop ends the sign-in in the terminal', async () => {
  await using sut = await start()

  const end = await sut.signIn(nothing, sut.deny)

  assert.deepEqual(end, { kind: 'stopped', message: 'Sign-in was denied in the browser.' })
})

test('a person whom the gateway does not admit ends the sign-in in the terminal', async () => {
  await using sut = await start({ oidc: { allowed_email_domains: ['elsewhere.example'] } })

  const end = await sut.signIn(sut.approve)

  assert.deepEqual(end, { kind: 'stopped', message: 'Sign-in was denied in the browser.' })
})

test('a sign-in that nobody approves in ten minutes times out in the terminal', async () => {
  await using sut = await start()

  const end = await sut.signIn(nothing, () => sut.pool.query('update device_grants set expires_at = now()'))

  assert.deepEqual(end, {
    kind: 'stopped',
    message: 'Sign-in timed out before the browser flow completed. Try again.',
  })
})

test('a terminal that polls too fast is slowed down, and still collects its sign-in', async () => {
  await using sut = await start()
  const atOnce = () => sut.pool.query('update device_grants set last_poll_at = now()')

  const end = await sut.signIn(nothing, atOnce, atOnce, sut.approve)

  assert.equal(end.kind, 'signed_in')
  assert.deepEqual(sut.pauses, [5, 5, 10, 15])
})

test('a sign-in is collected once', async () => {
  await using sut = await start()
  let prompt: SignInPrompt | null = null
  await sut.signIn(async begun => {
    prompt = begun
    await sut.approve(begun)
  })

  const again = await sut.client.poll(prompt!) // set by the script above

  assert.equal(again.kind, 'stopped')
})

test('the limit on sign-ins is told in words, because the client shows them', async () => {
  await using sut = await start({
    gateway: { rateLimits: { device_authorization: { max: 1, window_seconds: 600 } } },
  })
  await sut.client.begin()

  await assert.rejects(sut.client.begin(), {
    message:
      'The gateway is limiting sign-in attempts right now. Wait a few minutes and try again. ' +
      'Too many sign-ins were started from your network. Try again in 10 minutes',
  })
})
