// The operator's guardrail stands before every message, and no developer can take it away.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBedrock } from '../support/bedrock.ts'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'

const GUARDED = { guardrail: { id: 'gr-marked', version: 'DRAFT' } }

test('messages and streams name the guardrail, in signed headers; counts do not', async () => {
  await using rig = await startBedrock({ upstream: GUARDED })

  await post(rig.port)
  await post(rig.port, { body: STREAM_BODY })
  await post(rig.port, { path: '/v1/messages/count_tokens' })

  assert.deepEqual(
    rig.bedrock.requests.map(({ headers }) => [
      headers['x-amzn-bedrock-guardrailidentifier'],
      headers['x-amzn-bedrock-guardrailversion'],
      headers['authorization']?.includes(
        'x-amzn-bedrock-guardrailidentifier;x-amzn-bedrock-guardrailversion',
      ),
    ]),
    [
      ['gr-marked', 'DRAFT', true],
      ['gr-marked', 'DRAFT', true],
      [undefined, undefined, false],
    ],
  )
})

const SETTINGS = [
  '"amazon-bedrock-guardrailConfig":{"x":1}',
  '"amazon-bedrock-":null',
  '"AMAZON-Bedrock-trace":"ENABLED"',
  '"\\u0061mazon-bedrock\\u002dtrace":1',
  `"amazon-bedrock-${'x'.repeat(5000)}":1`,
]

for (const setting of SETTINGS) {
  test(`a body with ${setting.slice(0, 40)} is refused, on both routes, and not sent`, async () => {
    await using rig = await startBedrock({ upstream: GUARDED })
    const body = `{${setting},${BODY.slice(1)}`

    const replies = [
      await post(rig.port, { body }),
      await post(rig.port, { body, path: '/v1/messages/count_tokens' }),
    ]

    for (const reply of replies) {
      assert.equal(reply.status, 400)
      assert.deepEqual(JSON.parse(reply.body).error, {
        type: 'invalid_request_error',
        message:
          'the request body must hold no member that begins with amazon-bedrock-: this gateway sets its own guardrail',
      })
    }
    assert.equal(rig.bedrock.requests.length, 0)
  })
}

test('such members deeper in the body, and other names, are nobody’s business', async () => {
  await using rig = await startBedrock({ upstream: GUARDED })
  const body = `{"amazon":1,"amazon-bedroc":2,"x-amazon-bedrock-a":3,"metadata":{"amazon-bedrock-a":4},${BODY.slice(1)}`

  assert.equal((await post(rig.port, { body })).status, 200)
})

test('without a guardrail such a body is sent; where another upstream answers first it never matters', async () => {
  const body = `{"amazon-bedrock-trace":"ENABLED",${BODY.slice(1)}`
  await using bare = await startBedrock()
  await using first = await startUpstream(() => jsonAnswer({ type: 'message', usage: {} }))
  await using guarded = await startBedrock({ upstream: GUARDED, earlier: [{ base_url: first.origin }] })

  assert.equal((await post(bare.port, { body })).status, 200)
  assert.equal((await post(guarded.port, { body })).status, 200)
  assert.deepEqual([bare.bedrock.requests.length, guarded.bedrock.requests.length], [1, 0])
})
