// Why does she not get Opus: the key, the entry, whose policy wrote it, and who would get it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain } from '../../app/explain/explanation.ts'
import { explanationJson, explanationText } from '../../app/explain/explanation-text.ts'
import { builtinNames } from '../../app/inference/model-names.ts'
import { fileWith, judge } from '../support/config-text.ts'

interface Asking {
  readonly policies: readonly string[]
  readonly groups?: readonly string[]
  readonly email?: string
  readonly model?: string
  readonly more?: Record<string, string>
  readonly variables?: Record<string, string>
}

function asked({ policies, groups = [], email = 'ada@example.com', model, more, variables = {} }: Asking) {
  const managed = `managed:\n  policies:\n${policies.map(policy => `    - { ${policy} }`).join('\n')}`
  const result = judge(fileWith({ managed, ...more }), { builtins: builtinNames(), variables })
  assert.ok(result.kind === 'loaded')
  const { config, secretValues } = result
  return explain(config, { person: { sub: 's', email, groups }, model, secretValues })
}

const OPUS = 'claude-opus-4-8'
const about = (asking: Asking) => asked({ model: OPUS, ...asking }).asked[0]?.refusal

test('an entry of the person’s own policy is told with its policy', () => {
  const policies = ['match: { groups: [a] }, code: { deniedModels: [fable, opus-4-8] }', 'match: {}']

  assert.deepEqual(about({ policies, groups: ['a'] }), {
    ...{ reason: 'deniedModels', policy: 0, isBase: false, entry: 'opus-4-8' },
  })
})

test('an entry of the base is told as the base’s, also where the policy repeats it', () => {
  const policies = [
    'match: { groups: [a] }, cli: { deniedModels: [fable, opus], availableModels: [opus] }',
    'match: {}, cli: { deniedModels: [opus] }',
  ]

  assert.deepEqual(about({ policies, groups: ['a'] }), {
    ...{ reason: 'deniedModels', policy: 1, isBase: true, entry: 'opus' },
  })
})

test('a list that does not have it is told with its entries and whose it is', () => {
  const policies = [
    'match: { groups: [a] }, code: { model: haiku }',
    'match: {}, code: { availableModels: [haiku] }',
  ]
  const refusal = { reason: 'availableModels', policy: 1, entries: ['haiku'], narrowed: null }

  assert.deepEqual(about({ policies, groups: ['a'] }), { ...refusal, isBase: true })
  assert.deepEqual(about({ policies }), { ...refusal, isBase: false })
})

test('a family that steps back beside one of its models is named', () => {
  const policies = ['match: {}, code: { availableModels: [opus, claude-opus-5] }']

  const explanation = asked({ policies, model: OPUS })

  assert.match(
    explanationText(explanation),
    /^claude-opus-4-8: refused by availableModels of policy 0: opus stands back beside the models of its family that are listed$/m,
  )
})

test('an empty list, and a long one', () => {
  const lineOf = (entries: string) =>
    explanationText(asked({ policies: [`match: {}, code: { availableModels: [${entries}] }`], model: OPUS }))

  assert.match(lineOf(''), /of policy 0: it is empty$/m)
  assert.match(lineOf('a, b, c, d, e, f, g, h, i, j, k'), /it has only a, b, c, d, e, f, g, h, i, j, …$/m)
})

test('the word of a family asks about each of its models', () => {
  const policies = ['match: {}, code: { deniedModels: [claude-opus-4-8] }']

  const { asked: answers } = asked({
    policies,
    model: 'opus',
    more: { models: 'models: [{ id: corp-opus, upstream_model: { anthropic: claude-opus-5 } }]' },
  })

  const refused = answers.filter(({ refusal }) => refusal !== null).map(({ id }) => id)
  assert.ok(answers.some(({ id }) => id === 'corp-opus') && answers.length > 3)
  assert.deepEqual(refused, [OPUS])
})

test('the policies that would allow it are told, each with why it is not the person’s', () => {
  const policies = [
    'match: { groups: [Opus-Pilot] }, code: { availableModels: [opus] }',
    'match: { email_domain: lab.example.com }, code: { availableModels: [opus] }',
    'match: { groups: [staff] }, code: { availableModels: [haiku] }',
    'match: { groups: [staff, leads] }, code: { availableModels: [opus] }',
    'match: { groups: [trainees] }, code: { availableModels: [sonnet] }',
  ]

  const explanation = asked({ policies, groups: ['opus-pilot', 'staff'], model: OPUS })

  assert.deepEqual(explanation.asked[0]?.allowedBy, [0, 1, 3])
  assert.deepEqual(explanationText(explanation).split('\n').slice(3, 14), [
    'claude-opus-4-8: refused by availableModels of policy 2: it has only haiku',
    '  policy 0 for groups Opus-Pilot allows it: not in its groups: opus-pilot is written in another case',
    '  policy 1 for addresses at lab.example.com allows it: not in its domain',
    '  policy 3 for groups staff or leads allows it: not reached: policy 2 stands before it',
    '',
    'policies',
    '  0 for groups Opus-Pilot             not in its groups: opus-pilot is written in another case',
    '  1 for addresses at lab.example.com  not in its domain',
    '  2 for groups staff                  selected',
    '  3 for groups staff or leads         not reached: policy 2 stands before it',
    '  4 for groups trainees               not in its groups',
  ])
})

test('nobody’s policy, and a model that nobody serves', () => {
  const policies = ['match: { groups: [a] }']
  const deny = { gatehouse: 'gatehouse: { policy: { unmatched: deny } }' }

  assert.deepEqual(about({ policies, more: deny }), { reason: 'unmatched' })
  assert.deepEqual(about({ policies }), null)
  assert.match(explanationText(asked({ policies, model: 'gpt' })), /^gpt: no upstream serves it$/m)
})

test('the models are shown with each upstream and its own id for them', () => {
  const upstreams = `upstreams:
  - { name: first, provider: anthropic, auth: { api_key: "\${API_KEY}" } }
  - { name: second, provider: anthropic, auth: { api_key: "\${API_KEY}" } }`
  const models = 'models: [{ id: corp, upstream_model: { second: x-1, first: claude-opus-5 } }]'

  const explanation = asked({ policies: ['match: {}'], more: { upstreams, models } })

  assert.match(explanationText(explanation), /^ {2}corp +first as claude-opus-5, then second as x-1$/m)
})

test('what a secret variable stands in, and what is named like a secret, is not shown', () => {
  const server =
    '{ type: http, url: "https://u:marked-word@m.example.com", headers: { X-Api-Key: marked-key } }'
  const policies = [
    `match: {}, code: { env: { A: "\${MCP_TOKEN}", B: "x \${MCP_TOKEN}", DB_PASSWORD: marked-typed, C: "\${REGION}" }, ` +
      `apiKeyHelper: /bin/helper, companyAnnouncements: ["\${MCP_TOKEN}"], managedMcpServers: { s: ${server} }, ` +
      'pluginConfigs: { p: { apiToken: { value: marked-deep } } } }',
  ]

  const explanation = asked({ policies, variables: { MCP_TOKEN: 'marked-token', REGION: 'eu' } })

  assert.deepEqual(explanation.settings, {
    env: { A: '(not shown)', B: '(not shown)', DB_PASSWORD: '(not shown)', C: 'eu' },
    apiKeyHelper: '/bin/helper',
    companyAnnouncements: ['(not shown)'],
    managedMcpServers: {
      s: { type: 'http', url: 'https://(not shown)@m.example.com', headers: { 'X-Api-Key': '(not shown)' } },
    },
    pluginConfigs: { p: { apiToken: { value: '(not shown)' } } },
  })
  assert.ok(!explanationText(explanation).includes('marked'))
})

test('control characters of a name do not reach the terminal', () => {
  const explanation = asked({
    policies: ['match: {}'],
    groups: ['a\u001b[2Jb\u009bc'],
    email: 'x\u0007@example.com',
  })

  const [address, groups] = explanationText(explanation).split('\n')

  assert.deepEqual([address, groups], ['x?@example.com', 'groups: a?[2Jb?c'])
  const json = explanationJson(explanation)
  assert.ok(!/[^\P{C}\n]/u.test(json))
  assert.deepEqual(JSON.parse(json).person.groups, ['a\u001b[2Jb\u009bc'])
})
