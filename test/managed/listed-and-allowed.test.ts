// For any policy and any model: what is listed is what may be asked for, in every spelling.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BUILTIN_MODELS } from '../../app/inference/builtin-models.ts'
import type { NamedModel } from '../../app/inference/catalog.ts'
import { builtinNames } from '../../app/inference/model-names.ts'
import { createModelPolicy } from '../../app/managed/model-policy.ts'
import { modelRule } from '../../app/managed/model-rule.ts'
import { openPolicies } from '../../app/managed/policy-set.ts'
import { catalogOf } from '../support/catalog.ts'

const catalog = catalogOf({
  models: [
    { id: 'corp-sonnet', upstream_model: { main: 'prod' } },
    { id: 'mapped', upstream_model: { main: 'claude-opus-5' } },
    {
      id: 'by-arn',
      upstream_model: { main: 'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-5' },
    },
    { id: 'best', upstream_model: { main: 'claude-haiku-4-5@20991231' } },
    { id: 'claude-opus-5[1m]' },
  ],
})
const spellings = builtinNames().flatMap(({ id, names }) => [id, ...names].map(name => [id, name] as const))
const word = fc.constantFrom(
  ...[
    'opus',
    'sonnet',
    'haiku',
    'fable',
    'claude-sonnet',
    'claude-opus-4',
    'corp',
    'corp-sonnet',
    'best',
    'claude',
    'mapped',
    'prod',
    'claude-opus-5-20991231',
    'us.anthropic.claude-sonnet-5-v1:0',
    '',
  ],
  ...BUILTIN_MODELS.map(({ id }) => id),
)
const lists = fc.record(
  {
    availableModels: fc.array(word, { maxLength: 4 }),
    deniedModels: fc.array(word, { maxLength: 3 }),
    availableModelsMatch: fc.constantFrom('prefix', 'exact'),
  },
  { requiredKeys: [] },
)

test('a model is listed if and only if no spelling of it is refused', () => {
  fc.assert(
    fc.property(lists, fc.constantFrom([], ['a'], ['b']), (settings, groups) => {
      const policies = openPolicies(
        {
          listen: { public_url: 'u', hasPublicUrl: true },
          managed: { policies: [{ match: { groups: ['a'] }, code: settings }] },
        },
        catalog,
      )
      const policy = createModelPolicy({ policies, unmatched: 'deny' })
      const identity = { sub: 's', groups }
      const listed = new Set(
        catalog.list().flatMap(model => (policy(model, identity) === null ? [model.id] : [])),
      )
      for (const { id } of catalog.list()) {
        const asked = [
          id,
          id.toUpperCase(),
          `${id}[1m]`,
          ...spellings.flatMap(([of, name]) => (of === id ? [name] : [])),
        ]
        for (const spelling of asked) {
          const model = catalog.resolve(spelling)
          assert.ok(model !== null)
          assert.equal(policy(model, identity) === null, listed.has(id), spelling)
        }
      }
    }),
  )
})

test('no spelling of a denied model gets past', () => {
  for (const [id, spelling] of spellings) {
    const rule = modelRule({ deniedModels: [id] })
    for (const asked of [spelling, spelling.toUpperCase(), `${spelling}[1m]`]) {
      const model = catalog.resolve(asked) ?? catalog.identify(asked)
      assert.deepEqual(rule(model), { key: 'deniedModels', entry: id }, asked)
    }
  }
})

test('a name that goes upstream as it is, is judged apart from the model that the catalog has under it', () => {
  const remapped = catalogOf({
    models: [
      { id: 'claude-opus-5', upstream_model: { main: 'claude-haiku-4-5' } },
      { id: 'mine', upstream_model: { main: 'claude-opus-4-8' } },
    ],
  })
  const settings = { availableModels: ['haiku', 'mine'], deniedModels: ['claude-opus-4-8'] }
  const managed = { policies: [{ match: {}, code: settings }] }
  const policies = openPolicies({ listen: { public_url: 'u', hasPublicUrl: true }, managed }, remapped)
  const policy = createModelPolicy({ policies, unmatched: 'deny' })
  const reasonOf = (model: NamedModel | null) => model && (policy(model, { sub: 's' })?.reason ?? null)
  const asItIs = (id: string) => reasonOf({ id, names: [id], sentAs: [] })

  assert.deepEqual(
    [asItIs('claude-opus-5'), reasonOf(remapped.resolve('claude-opus-5'))],
    ['availableModels', null],
  )
  assert.deepEqual([asItIs('mine'), reasonOf(remapped.resolve('mine'))], [null, 'deniedModels'])
  assert.equal(asItIs('us.anthropic.claude-opus-4-8-v1:0'), 'deniedModels')
})
