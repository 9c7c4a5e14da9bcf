// Whom a request says that it is for: believed only within the bearer's groups, and kept from every upstream (I-13, I-14).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'

const MESSAGE = { type: 'message', model: 'claude-served', usage: { input_tokens: 2, output_tokens: 3 } }
const BETAS = { 'anthropic-beta': 'a-1, request-tags-2026-08-21' }

interface Asked {
  /** Null where the operator names none. */
  readonly billingGroupTag?: string | null
  /** What differs in the upstream's entry. */
  readonly entry?: object
}

/** Asks with these tags; the group that the audit and the meter were told, the body sent on, and its betas. */
async function tagged(tags: string, { billingGroupTag = 'team', entry = {} }: Asked = {}) {
  await using upstream = await startUpstream(() => jsonAnswer(MESSAGE))
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin, ...entry }],
    identity: { sub: 'dev-1', groups: ['eng', 'ops'] },
    ...(billingGroupTag !== null && { billingGroupTag }),
  })
  await post(relay.port, { body: `{"model":"claude-test","tags":${tags},"max_tokens":1}`, headers: BETAS })
  const [event] = await relay.audited(1)
  const [sent] = upstream.requests
  return {
    groups: [event?.billing_group, relay.records[0]?.billing_group],
    sent: [sent?.body.toString(), sent?.headers['anthropic-beta']],
  }
}

test('a group of the bearer in the tag that the operator names is recorded, and nothing of it reaches the upstream', async () => {
  assert.deepEqual(await tagged('{"other":"ops","team":"eng"}'), {
    groups: ['eng', 'eng'],
    sent: ['{"model":"claude-test","max_tokens":1}', 'a-1'],
  })
})

for (const [title, tags] of [
  ['that the bearer does not list', '{"team":"finance"}'],
  ['in another tag', '{"other":"eng"}'],
  ['that is no text', '{"team":["eng"]}'],
  ['inherited by every object', '{"__proto__":{"team":"eng"}}'],
  ['in tags that are a list', '["team","eng"]'],
  ['in tags that are longer than any need be', `{"team":"eng","pad":"${'x'.repeat(65_536)}"}`],
] as const) {
  test(`a group ${title} is ignored, and the request is served all the same`, async () => {
    const { groups, sent } = await tagged(tags)

    assert.deepEqual([groups, sent[0]], [[undefined, undefined], '{"model":"claude-test","max_tokens":1}'])
  })
}

const OTHERS = [
  { provider: 'foundry', resource: 'r', models: ['*'], auth: { api_key: 'k' } },
  { provider: 'anthropicAws', region: 'us-east-1', workspace_id: 'w', auth: { api_key: 'k' } },
]

for (const entry of OTHERS) {
  test(`${entry.provider} gets no tags either where the gateway reads them, and else what was sent`, async () => {
    const read = await tagged('{"team":"eng"}', { entry })
    const passed = await tagged('{"team":"eng"}', { entry, billingGroupTag: null })

    assert.deepEqual(read.sent, ['{"model":"claude-test","max_tokens":1}', 'a-1'])
    assert.deepEqual(passed.sent, [
      '{"model":"claude-test","tags":{"team":"eng"},"max_tokens":1}',
      BETAS['anthropic-beta'],
    ])
  })
}

test('where the operator names no tag, the upstream gets what was sent', async () => {
  assert.deepEqual(await tagged('{"team":"eng"}', { billingGroupTag: null }), {
    groups: [undefined, undefined],
    sent: ['{"model":"claude-test","tags":{"team":"eng"},"max_tokens":1}', BETAS['anthropic-beta']],
  })
})

test('a developer in no group has no billing group', async () => {
  await using upstream = await startUpstream(() => jsonAnswer(MESSAGE))
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin }],
    billingGroupTag: 'team',
  })

  await post(relay.port, { body: '{"model":"claude-test","tags":{"team":"eng"}}' })

  assert.equal((await relay.audited(1))[0]?.billing_group, undefined)
})
