import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceHashOf } from '../../app/oauth/device-grant.ts'
import { createDatabase } from '../support/postgres.ts'
import { type SignInGatewayOptions, startSignInGateway } from '../support/sign-in-gateway.ts'
import { stubSignIn } from '../support/stub-sign-in.ts'

const PATH = '/oauth/device_authorization'

async function start(options: Partial<SignInGatewayOptions> = {}) {
  const database = await createDatabase()
  const gateway = await startSignInGateway({ pool: database.pool, signIn: stubSignIn(), ...options })
  return {
    ...{ pool: database.pool, gateway },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('a terminal gets a device code, a user code to show, and where to enter it', async () => {
  await using sut = await start()

  const answer = await sut.gateway.ask(PATH, {
    form: 'surface=claude_code',
    headers: { 'user-agent': 'cli/1' },
  })

  const body = JSON.parse(answer.body)
  assert.match(body.device_code, /^[A-Za-z0-9_-]{43}$/)
  assert.match(body.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  assert.deepEqual(body, {
    device_code: body.device_code,
    user_code: body.user_code,
    verification_uri: 'https://gateway.example/device',
    verification_uri_complete: `https://gateway.example/device?user_code=${body.user_code}`,
    expires_in: 600,
    interval: 5,
  })
  assert.deepEqual(
    [answer.status, answer.headers['content-type'], answer.headers['cache-control'], answer.headers.pragma],
    [200, 'application/json', 'no-store', 'no-cache'],
  )
})

test('the store keeps the hash of the device code, the bare user code, and who asked', async () => {
  await using sut = await start()

  const answer = await sut.gateway.ask(PATH, {
    form: 'surface=claude_code&client_id=claude-code&scope=openid',
    headers: { 'user-agent': `claude-code/2.1.330 (linux)${'x'.repeat(300)}` },
  })

  const { device_code, user_code } = JSON.parse(answer.body)
  const { rows } = await sut.pool.query(`
    select device_hash, user_code, status, sealed, last_poll_at, client_ip, user_agent, surface,
           extract(epoch from expires_at - created_at)::integer as lifetime from device_grants`)
  assert.deepEqual(rows, [
    {
      device_hash: deviceHashOf(device_code),
      user_code: user_code.replace('-', ''),
      ...{ status: 'pending', sealed: null, last_poll_at: null, client_ip: '127.0.0.1' },
      user_agent: `claude-code/2.1.330 (linux)${'x'.repeat(173)}`,
      ...{ surface: 'claude_code', lifetime: 600 },
    },
  ])
  assert.deepEqual(
    sut.gateway.events.map(({ evt, ...rest }) => ({ evt, ...rest, request_id: '' })),
    [
      {
        ...{ evt: 'device.authorize', request_id: '', result: 'success' },
        ...{ client_ip: '127.0.0.1', surface: 'claude_code' },
      },
    ],
  )
})

for (const [what, question] of [
  ['an empty body', { form: '' }],
  ['JSON', { form: '{"surface":"x"}', headers: { 'content-type': 'application/json' } }],
  ['no content type', { form: 'surface=x', headers: { 'content-type': '' } }],
  ['bytes that are no text', { form: '\u0000\uffff%%%=%zz' }],
] as const) {
  test(`a device authorization with ${what} is served`, async () => {
    await using sut = await start()

    const answer = await sut.gateway.ask(PATH, { method: 'POST', ...question })

    assert.equal(answer.status, 200)
  })
}

for (const [what, surface] of [
  ['longer than 64 characters', 'x'.repeat(65)],
  ['with a line break', 'a\r\nb'],
  ['that is not ASCII', 'terminál'],
] as const) {
  test(`a surface ${what} is dropped`, async () => {
    await using sut = await start()

    await sut.gateway.ask(PATH, { form: { surface } })

    const { rows } = await sut.pool.query('select surface from device_grants')
    assert.deepEqual(rows, [{ surface: '' }])
  })
}

test('a body over 16 KiB is refused', async () => {
  await using sut = await start()

  const answer = await sut.gateway.ask(PATH, { form: { surface: 'x'.repeat(16 * 1024) } })

  assert.deepEqual([answer.status, JSON.parse(answer.body).error], [413, 'invalid_request'])
})

test('a user code that is taken is drawn again, five times', async () => {
  const draws = ['BCDFGHJK', ...Array<string>(5).fill('BCDFGHJK'), 'LMNPQRST']
  await using sut = await start({ drawUserCode: () => draws.shift() ?? '' })

  await sut.gateway.ask(PATH, { form: '' })
  const answer = await sut.gateway.ask(PATH, { form: '' })

  assert.equal(JSON.parse(answer.body).user_code, 'LMNP-QRST')
})

test('when every draw is taken, the sign-in is refused for now', async () => {
  await using sut = await start({ drawUserCode: () => 'BCDFGHJK' })

  await sut.gateway.ask(PATH, { form: '' })
  const answer = await sut.gateway.ask(PATH, { form: '' })

  const results = sut.gateway.events.map(event =>
    event.evt === 'device.authorize' ? event.result : event.evt,
  )
  assert.deepEqual(
    [answer.status, JSON.parse(answer.body).error, answer.headers['retry-after'], results],
    [503, 'temporarily_unavailable', '5', ['success', 'error']],
  )
})
