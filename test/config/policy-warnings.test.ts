// Policies that are valid, and will not do what their author may expect: each warning once, at its place.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinNames } from '../../app/inference/model-names.ts'
import { policyWarnings } from '../../app/managed/warnings.ts'
import { fileWith, warningsOf } from '../support/config-text.ts'

const options = { judgePolicies: policyWarnings, builtins: builtinNames() }

/** The warnings of a file with these policies, each the inside of a flow mapping. */
function warned(policies: readonly string[], more: Record<string, string> = {}, variables = {}): string[] {
  const lines = policies.map(policy => `    - { ${policy} }`).join('\n')
  return warningsOf(fileWith({ managed: `managed:\n  policies:\n${lines}`, ...more }), {
    ...options,
    variables,
  })
}

/** One catch-all with `settings`, in a file that Desktop may use. */
const one = (settings: string, more?: Record<string, string>) =>
  warned([`match: {}, code: { ${settings} }, desktop: { chatTabEnabled: true }`], more)

/** Exactly one of `lines` is about `path` and says `words`. */
function assertTold(lines: readonly string[], path: string, words: string): void {
  const told = lines.filter(line => line.startsWith(`${path}: `) && line.includes(words))
  assert.equal(told.length, 1, lines.join('\n'))
}

const PLACE = 'managed.policies[0]'

test('a good policy has one warning: what cannot be arranged from here', () => {
  const lines = one('availableModels: [opus, haiku]').filter(line => line.startsWith('managed'))

  assert.equal(lines.length, 1)
  assertTold(lines, `${PLACE}.code`, 'only where the managed settings on the machine name this gateway')
})

test('a catch-all that is not the last one hides what stands after it', () => {
  const lines = warned(['match: {}', 'match: { groups: [a] }', 'match: {}'])

  assertTold(lines, `${PLACE}.match`, 'can never match')
  assertTold(lines, 'managed.policies[2].match', 'is not the base: policy 0 matches everybody')
})

test('an allow-list without the start model, which every new session would fail on', () => {
  assertTold(one('availableModels: [haiku]'), `${PLACE}.code.availableModels`, 'leaves out claude-opus-4-7')
  const quiet = [
    'availableModels: [haiku], model: haiku',
    'availableModels: [haiku], enforceAvailableModels: true',
  ]
  for (const settings of quiet)
    assert.ok(!one(settings).some(line => line.includes('which sessions start with')))
})

test('the start model is data, and can be told', () => {
  const gatehouse = 'gatehouse: { policy: { client_start_model: claude-opus-5 } }'

  assertTold(
    one('availableModels: [claude-opus-4-7, haiku]', { gatehouse }),
    `${PLACE}.code.availableModels`,
    'leaves out gatehouse.policy.client_start_model,',
  )
})

test('no warning shows a value that a variable stood for', () => {
  const value = 'marked-model'
  const variables = { NAME: value }
  const lines = warned(
    [
      'match: {}, code: { availableModels: ["${NAME}", haiku], deniedModels: ["${NAME}"], model: "${NAME}" }',
      'match: { groups: ["${NAME}"] }, code: { availableModels: ["${NAME}"] }',
      'match: { groups: [b] }, code: { availableModels: ["${NAME}"], enforceAvailableModels: true }',
    ],
    {
      gatehouse: 'gatehouse: { policy: { client_start_model: "${NAME}" } }',
      models: 'models: [{ id: "${NAME}", upstream_model: { anthropic: "${NAME}" } }]',
    },
    variables,
  )

  assert.ok(lines.length > 6, lines.join('\n'))
  assert.deepEqual(
    lines.filter(line => line.includes(value)),
    [],
  )
})

test('an inherited allow-list is judged for the heir, and named where it stands', () => {
  const lines = warned([
    'match: { groups: [a] }, code: { model: claude-opus-5 }',
    'match: {}, code: { availableModels: [sonnet, haiku], model: sonnet }',
  ])

  assertTold(
    lines,
    `${PLACE}.code.model`,
    'policy 0 starts sessions with a model that its availableModels refuses',
  )
})

test('ids of the operator’s own alone leave Default without a model', () => {
  const models = 'models: [{ id: corp-haiku, upstream_model: { anthropic: claude-haiku-4-5 } }]'

  assertTold(
    one('availableModels: [corp-haiku], enforceAvailableModels: true', { models }),
    `${PLACE}.code.availableModels`,
    'Default has nothing to resolve to',
  )
})

test('a start model that is denied is named with the list that refuses it', () => {
  assertTold(
    one('model: claude-opus-5, deniedModels: [opus]'),
    `${PLACE}.code.model`,
    'its deniedModels refuses',
  )
})

test('a family’s word starts a session when one of its models is allowed', () => {
  const words = 'starts sessions with a model that its'
  const heard = (settings: string) => one(settings).filter(line => line.includes(words))

  assertTold(one('model: opus, availableModels: [haiku]'), `${PLACE}.code.model`, `${words} availableModels`)
  assertTold(one('model: "opus[1m]", deniedModels: [opus]'), `${PLACE}.code.model`, `${words} deniedModels`)
  assert.deepEqual(heard('model: opus, availableModels: [claude-opus-4-8, haiku]'), [])
  assert.deepEqual(heard('model: opusplan, availableModels: [haiku]'), [])
})

test('what goes out under a name that says nothing is told where something is denied', () => {
  const models =
    'models: [{ id: a, upstream_model: { anthropic: prod } }, { id: b, upstream_model: { anthropic: claude-opus-5 } }]'
  const place = 'models[0].upstream_model.anthropic'

  assertTold(one('deniedModels: [opus]', { models }), place, 'names no Claude model')
  for (const settings of ['deniedModels: [opus, a]', 'deniedModels: []', 'availableModels: [opus, haiku]'])
    assert.ok(!one(settings, { models }).some(line => line.includes('names no Claude model')), settings)
})

test('an empty allow-list denies everything, which is said where it stands', () => {
  const lines = warned(['match: { groups: [a] }, code: {}', 'match: {}, code: { availableModels: [] }'])

  assertTold(lines, 'managed.policies[1].code.availableModels', 'denies every model')
})

test('entries that mean nothing are named one by one', () => {
  const lines = one(
    'availableModels: [opus, haiku, claude-opsu-5], deniedModels: [claude-sonnet, best, fable]',
  )

  assertTold(lines, `${PLACE}.code.availableModels[2]`, 'allows no model that can be requested')
  assertTold(lines, `${PLACE}.code.deniedModels[0]`, 'blocks no model')
  assertTold(lines, `${PLACE}.code.deniedModels[1]`, 'blocks no model')
  assert.ok(!lines.some(line => line.includes('deniedModels[2]')))
})

test('without a Haiku background requests get dear', () => {
  assertTold(one('availableModels: [opus]'), `${PLACE}.code.availableModels`, 'leaves out every Haiku')
})

test('without desktop anywhere Claude Desktop is refused', () => {
  assertTold(warned(['match: {}']), 'managed.policies', 'Claude Desktop will be refused')
})
