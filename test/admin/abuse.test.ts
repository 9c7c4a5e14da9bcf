// What strangers try at the Admin API, byte by byte.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AdminRig, LIMITS, openAdmin, READ_KEY, WRITE_KEY } from '../support/admin-rig.ts'
import { exchangeOpen, KeptConnection, parseAnswer } from '../support/raw-http.ts'

let rig: AdminRig
before(async () => {
  rig = await openAdmin()
})
after(() => rig[Symbol.asyncDispose]())

const BODY = '{"scope":{"type":"organization"},"amount":"1"}'
const KEY = `X-Api-Key: ${WRITE_KEY}\r\n`

/** One request on a connection of its own; `head` stands between the request line and the body. */
const ask = (line: string, head: string, body = '') =>
  exchangeOpen(rig.port, `${line} HTTP/1.1\r\nHost: g\r\n${head}\r\n${body}`)
const post = (head: string, body = BODY) =>
  ask(`POST ${LIMITS}`, `${head}Content-Length: ${body.length}\r\nConnection: close\r\n`, body)

async function assertNothingHappened() {
  assert.deepEqual([await rig.rows('spend_limits'), await rig.rows('admin_audit')], [[], []])
}

test('a key that is smuggled past the parser opens nothing', async () => {
  const rows = [
    [`X-Api-Key : ${WRITE_KEY}\r\n`, 400],
    [`X-Other: a\r\n X-Api-Key: ${WRITE_KEY}\r\n`, 400],
    [`X-Other: a\nX-Api-Key: ${WRITE_KEY}\r\n`, 400],
    [`X-Other: a\rX-Api-Key: ${WRITE_KEY}\r\n`, 400],
    [`X-Api-Key: ${WRITE_KEY}\u0000\r\n`, 400],
    [`${KEY}Content-Length: 3\r\n`, 400],
    [`${KEY}Transfer-Encoding: chunked\r\n`, 400],
    [`X-Other: a%0d%0aX-Api-Key: ${WRITE_KEY}\r\n`, 401],
    [`X-Api-Key\u00e9: ${WRITE_KEY}\r\n`, 400],
    [`${KEY}${KEY}`, 401],
    [`${KEY}X-API-KEY: \r\n`, 401],
  ] as const
  for (const [head, status] of rows) {
    const { status: answered } = parseAnswer(await post(head))

    assert.deepEqual([head, answered], [head, status])
  }
  await assertNothingHappened()
})

test('a key in the target, in a cookie or in the body opens nothing', async () => {
  const targets = [`${LIMITS}?x-api-key=${WRITE_KEY}`, `${LIMITS}?api_key=${WRITE_KEY}&key=${WRITE_KEY}`]
  for (const target of [...targets, `http://u:${WRITE_KEY}@g${LIMITS}`]) {
    const { status } = parseAnswer(await ask(`GET ${target}`, 'Connection: close\r\n'))

    assert.equal(status, 401)
  }
  const body = `{"x-api-key":"${WRITE_KEY}",${BODY.slice(1)}`
  const { status } = parseAnswer(await post(`Cookie: x-api-key=${WRITE_KEY}\r\n`, body))
  assert.equal(status, 401)
  await assertNothingHappened()
})

test('the password of an absolute target is in no audit event, whoever refuses', async () => {
  for (const path of ['/v1/models', '/v1/messages', LIMITS]) {
    await ask(`GET http://u:marked-password@g${path}?secret`, 'Connection: close\r\n')
  }
  const paths = rig.whole.gateway.events.map(event => ('path' in event ? event.path : ''))
  assert.ok(paths.includes('/v1/models') && paths.includes(LIMITS))
  assert.ok(![...paths, ...rig.whole.gateway.lines].some(text => text.includes('marked-password')))
})

test('the method cannot be changed by a header, nor the path by an encoding', async () => {
  const overrides = [
    'X-HTTP-Method-Override: POST\r\n',
    'X-Method: DELETE\r\n',
    `X-Original-URL: ${LIMITS}\r\n`,
  ]
  for (const head of overrides) {
    const answer = parseAnswer(
      await ask(`GET ${LIMITS}`, `X-Api-Key: ${READ_KEY}\r\n${head}Connection: close\r\n`),
    )

    assert.deepEqual([answer.status, JSON.parse(answer.body).data], [200, []])
  }
  for (const target of [
    '/v1/organizations/spend%5Flimits',
    '/V1/organizations/spend_limits',
    `/x/..${LIMITS}`,
    `/${LIMITS}`,
  ]) {
    const { status } = parseAnswer(await ask(`GET ${target}`, `${KEY}Connection: close\r\n`))

    assert.equal(status, 404)
  }
  await assertNothingHappened()
})

test('a request that hides behind the body of a refused one is never served', async () => {
  const hidden = `POST ${LIMITS} HTTP/1.1\r\nHost: g\r\n${KEY}Content-Length: ${BODY.length}\r\n\r\n${BODY}`

  const answers = await ask(`POST ${LIMITS}`, `Content-Length: ${hidden.length}\r\n`, hidden)
  const unread = await ask(
    'DELETE /v1/organizations/principals/x',
    `Content-Length: ${hidden.length}\r\n`,
    hidden,
  )

  for (const text of [answers, unread]) {
    assert.match(text, /^HTTP\/1\.1 401 /)
    assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
  }
  await assertNothingHappened()
})

test('a body that comes with a deletion is not read, and does not become a request', async () => {
  const hidden = `POST ${LIMITS} HTTP/1.1\r\nHost: g\r\n${KEY}Content-Length: ${BODY.length}\r\n\r\n${BODY}`

  const text = await ask(
    `DELETE ${LIMITS}/spl_1`,
    `${KEY}Connection: close\r\nContent-Length: ${hidden.length}\r\n`,
    hidden,
  )

  assert.match(text, /^HTTP\/1\.1 404 /)
  assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
  await assertNothingHappened()
})

test('a body that lies about its length, or stops, changes nothing', async () => {
  const short = await exchangeHalf(
    `POST ${LIMITS} HTTP/1.1\r\nHost: g\r\n${KEY}Content-Length: 500\r\n\r\n${BODY}`,
  )

  assert.doesNotMatch(short, /HTTP\/1\.1 200/)
  await assertNothingHappened()
})

/** Sends, and ends its own side. */
async function exchangeHalf(bytes: string): Promise<string> {
  const kept = new KeptConnection(rig.port)
  kept.socket.end(bytes)
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  kept.socket.on('data', chunk => {
    text += String(chunk)
  })
  kept.socket.on('close', () => resolve(text))
  return promise
}

test('no key is in any line, event, answer or table', async () => {
  const answers = [
    await post(KEY),
    await post(`X-Api-Key: ${WRITE_KEY}x\r\nIdempotency-Key: k\r\n`),
    await post(`${KEY}Idempotency-Key: k\r\n`, `${BODY.slice(0, -1)},"reason":"r"}`),
  ]

  const { events, lines } = rig.whole.gateway
  const { rows } = await rig.whole.database.pool.query(
    `select string_agg(t::text, ' ') as text from (
       select l::text from spend_limits l union all select a::text from admin_audit a
       union all select i::text from admin_idempotency i) as t`,
  )
  const told = [...answers, JSON.stringify(events), ...lines, rows[0]?.text].join('\n')
  assert.ok(events.length > 10)
  assert.deepEqual(
    [WRITE_KEY, READ_KEY, 'marked-admin'].filter(key => told.includes(key)),
    [],
  )
})
