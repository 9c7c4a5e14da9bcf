// What Claude Desktop is told at its start, through a whole gateway.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootstrapDocument } from '../../app/desktop/bootstrap-document.ts'
import { telemetryMembers } from '../../app/desktop/telemetry-members.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

async function ask(sections: Record<string, unknown>) {
  await using whole = await openWholeGateway({ sections })
  const { access_token: bearer } = await whole.tokens()
  const answer = await fetch(`${whole.gateway.url}/user/bootstrap`, {
    headers: { authorization: `Bearer ${bearer}` },
  })
  const events = whole.gateway.events.filter(({ evt }) => evt.startsWith('desktop_bootstrap'))
  return { answer, text: await answer.text(), events, url: whole.gateway.url, bearer }
}

const policies = (...list: object[]) => ({ managed: { policies: list } })

test('the document is one flat object, its members in their order, and nothing else gets in', async () => {
  const sections = {
    ...policies({
      match: {},
      desktop: { chatTabEnabled: true, disabledBuiltinTools: ['Edit'], newer: { a: 1 } },
      code: {
        availableModels: ['corp', 'claude-haiku-4-5'],
        permissions: { deny: ['WebFetch', 'Bash(npm *)', 'Edit'] },
        sandbox: { network: { allowedDomains: ['github.com'] } },
        hooks: { Stop: [{ hooks: [{ type: 'command', command: '/marked-hook' }] }] },
        env: { MARKED: 'marked-env' },
      },
    }),
    models: [{ id: 'corp', label: 'Our Sonnet', upstream_model: { 'upstream-1': 'claude-sonnet-5' } }],
  }
  const { answer, text, events, url, bearer } = await ask(sections)

  assert.equal(answer.status, 200)
  assert.deepEqual(
    ['cache-control', 'pragma', 'x-gateway-spend-admin'].map(name => answer.headers.get(name)),
    ['no-store', 'no-cache', 'false'],
  )
  const { exp } = JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString())
  assert.equal(
    text,
    JSON.stringify({
      inferenceProvider: 'gateway',
      inferenceGatewayBaseUrl: url,
      inferenceCredentialKind: 'interactive',
      inferenceGatewayManagedClaudeCode: true,
      inferenceModels: [
        { name: 'corp', labelOverride: 'Our Sonnet', supports1m: true },
        { name: 'claude-haiku-4-5-20251001' },
      ],
      disabledBuiltinTools: ['WebFetch', 'Edit'],
      coworkEgressAllowedHosts: ['github.com'],
      chatTabEnabled: true,
      newer: { a: 1 },
      expiresAt: exp,
    }),
  )
  assert.ok(!text.includes('marked'))
  assert.deepEqual(
    events.map(event => [event.evt, Reflect.get(event, 'policy_index')]),
    [['desktop_bootstrap.serve', 0]],
  )
})

test('each way of not being included has its reason', async () => {
  const rows = [
    [policies({ match: {} }), 'not_configured'],
    [{}, 'not_configured'],
    [policies({ match: { groups: ['x'] }, desktop: {} }), 'no_policy_matched'],
    [policies({ match: { groups: ['x'] }, desktop: {} }, { match: {} }), 'policy_not_opted_in'],
  ] as const
  for (const [sections, reason] of rows) {
    const { answer, text, events } = await ask(sections)

    assert.equal(answer.status, 404)
    assert.match(text, /"not_found_error"/)
    assert.deepEqual(
      [answer.headers.get('cache-control'), answer.headers.get('pragma')],
      ['no-store', 'no-cache'],
    )
    assert.deepEqual(
      events.map(event => [event.evt, Reflect.get(event, 'reason')]),
      [['desktop_bootstrap.denied', reason]],
    )
  }
})

const IDENTITY = { sub: 'sub-1', email: 'kim@example.com', groups: ['a', 'b'] }
const members = (identity: object, env = {}) =>
  telemetryMembers({
    publicUrl: 'https://g.example.com',
    telemetry: { resource_attributes: { 'service.namespace': 'claude' } },
    env,
    identity: { sub: 'sub-1', ...identity },
  })

test('telemetry is stamped with who it is from', () => {
  assert.deepEqual(members(IDENTITY), {
    otlpEndpoint: 'https://g.example.com',
    otlpProtocol: 'http/protobuf',
    otlpResourceAttributes: {
      'service.namespace': 'claude',
      'enduser.id': 'kim@example.com',
      'user.email': 'kim@example.com',
      'user.groups': 'a,b',
      'enduser.sub': 'sub-1',
    },
  })
})

test('what an attribute cannot carry is left out', () => {
  const rows: readonly (readonly [identity: object, names: string[]])[] = [
    [{}, ['enduser.sub']],
    [{ groups: ['a,b'] }, ['enduser.sub']],
    [{ groups: ['a=b'] }, ['enduser.sub']],
    [{ groups: ['g'.repeat(256)] }, ['enduser.sub']],
    [{ groups: ['ü'.repeat(43)] }, ['enduser.sub']],
    [{ sub: 'a b' }, []],
    [{ sub: 'a%b' }, []],
    [{ sub: 'x'.repeat(256) }, []],
    [{ sub: 'é' }, []],
    [{ email: 'k@example.com' }, ['enduser.id', 'user.email', 'enduser.sub']],
  ]
  for (const [identity, names] of rows) {
    const { 'service.namespace': _, ...own } = members(identity).otlpResourceAttributes
    assert.deepEqual(Object.keys(own), names)
  }
})

test('the protocol is JSON where the settings say so', () => {
  for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_LOGS_PROTOCOL'])
    assert.equal(members(IDENTITY, { [name]: 'http/json' }).otlpProtocol, 'http/json')
})

test('an overlay’s own hosts win over the sandbox’s', () => {
  const policy = { settings: { sandbox: { network: { allowedDomains: ['a'] } } }, isFromCode: false }
  const facts = { policy, publicUrl: 'u', telemetry: null, identity: IDENTITY, models: [], expiresAt: 1 }

  assert.deepEqual(bootstrapDocument({ ...facts, overlay: { coworkEgressAllowedHosts: ['b'] } }), {
    inferenceProvider: 'gateway',
    inferenceGatewayBaseUrl: 'u',
    inferenceCredentialKind: 'interactive',
    inferenceModels: [],
    coworkEgressAllowedHosts: ['b'],
    expiresAt: 1,
  })
})
