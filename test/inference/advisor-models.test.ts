// A model that may be used must not ask one that may not: the advisors that a request names are judged with it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { advisorModels } from '../../app/inference/advisor-models.ts'
import { post } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { scan } from '../support/scanned.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'

function advisorsOf(tools: string): string[] {
  const body = Buffer.from(`{"model":"m","tools":${tools}}`)
  const found = scan(body)
  assert.ok(found.kind === 'object')
  // In two chunks, as a body may come.
  const chunks = [body.subarray(0, 30), body.subarray(30)]
  return advisorModels({ ...found, chunks, length: body.length }).map(([name]) => name)
}

const ADVISOR = '"type":"advisor_20260301","name":"advisor"'

test('the model of an advisor is found however the tool is written', () => {
  const rows = [
    [`[{${ADVISOR},"model":"opus"}]`, ['opus']],
    [`[ {"model" : "opus" , ${ADVISOR} , "max_uses":3}, {${ADVISOR},"model":"opus"} ]`, ['opus']],
    [`[{"name":"x","input_schema":{"a":[{"b":"}]"}]}},{${ADVISOR},"model":"a\\"]}b"}]`, ['a"]}b']],
    ['[{"type":"\\u0061dvisor_1","\\u006dodel":"\\u006fpus"}]', ['opus']],
    [`[{${ADVISOR},"model":"haiku","model":"opus"}]`, ['haiku', 'opus']],
    ['[{"type":"custom","model":"opus","type":"advisor_1"}]', ['opus']],
    [`["\\\\",{"x":"\\"","y":":"},{${ADVISOR},"model":"opus"}]`, ['opus']],
  ] as const
  for (const [tools, models] of rows) assert.deepEqual(advisorsOf(tools), models, tools)
})

test('a list as long as a body is read in one pass', () => {
  const long = `"${'\\\\n'.repeat(500_000)}"`
  const tools = `[${'{},'.repeat(300_000)}{"description":${long},${ADVISOR},"model":"opus"},${'"",'.repeat(300_000)}1]`

  assert.deepEqual(advisorsOf(tools), ['opus'])
})

test('whatever the tools are, the advisors are those that a parser sees', () => {
  const name = fc.constantFrom('type', 'model', 'name', 'advisor', '"', '\\', '{', ']', ':')
  const text = fc.constantFrom('advisor_1', 'opus', 'haiku', '"},{"', '\\"', '[', 'é')
  const value = fc.oneof(text, fc.integer(), fc.dictionary(name, text), fc.array(text, { maxLength: 2 }))
  const tools = fc.array(fc.oneof(fc.dictionary(name, value), value), { maxLength: 5 })
  fc.assert(
    fc.property(tools, fc.constantFrom(0, 2), (list, indent) => {
      const seen = list.flatMap(tool => {
        const { type, model } = Object(tool) as Record<string, unknown> // anything has members, or none
        const isAdvisor = typeof type === 'string' && type.includes('advisor') && !Array.isArray(tool)
        return isAdvisor && typeof model === 'string' ? [model] : []
      })
      assert.deepEqual(advisorsOf(JSON.stringify(list, null, indent)), [...new Set(seen)])
    }),
  )
})

test('other tools, and what stands deeper in a tool, name no model', () => {
  for (const tools of [
    '[{"type":"custom","name":"advisor","model":"opus"}]',
    `[{${ADVISOR},"input_examples":[{"model":"opus"}]}]`,
    `[{${ADVISOR},"model":{"model":"opus"}}]`,
    `[{${ADVISOR},"model":7}]`,
    ...['[]', 'null', '"advisor"', '{}', '[[{"type":"advisor"}]]'],
  ])
    assert.deepEqual(advisorsOf(tools), [], tools)
})

test('a crowd of advisors is refused, and a long name is cut', () => {
  const crowd = Array.from({ length: 17 }, (_, index) => `{${ADVISOR},"model":"m${index}"}`)

  assert.throws(() => advisorsOf(`[${crowd}]`), { message: 'a request names at most 16 models of advisors' })
  assert.equal(advisorsOf(`[${crowd.slice(1)}]`).length, 16)
  assert.equal(advisorsOf(`[{${ADVISOR},"model":"${'x'.repeat(300)}"}]`)[0]?.length, 256)
})

test('a request whose advisor is denied is refused by its name, and no upstream is asked', async () => {
  await using upstream = await startUpstream(() => jsonAnswer({ type: 'message' }))
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin }],
    policy: ({ id }) => (id === 'claude-opus-5' ? { reason: 'deniedModels', policyIndex: 3 } : null),
  })
  const body = (model: string) => `{"model":"claude-test","tools":[{${ADVISOR},"model":"${model}"}]}`

  const refused = await post(relay.port, { body: body('claude-opus-5') })
  const counted = await post(relay.port, { body: body('claude-opus-5'), path: '/v1/messages/count_tokens' })
  const allowed = await post(relay.port, { body: body('claude-haiku-4-5') })

  assert.deepEqual([refused.status, counted.status, allowed.status], [400, 400, 200])
  assert.match(refused.body, /your role blocks the model claude-opus-5/)
  assert.equal(upstream.requests.length, 1)
  assert.equal(upstream.requests[0]?.body.toString(), body('claude-haiku-4-5'))
  const told = relay.log.lines.filter(line => line.includes('a policy refuses a model'))
  assert.equal(told.length, 2)
  assert.match(told[0] ?? '', /^debug .*"policy_index":3,"reason":"deniedModels"/)
})
