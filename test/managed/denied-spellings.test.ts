// The deny-list against whoever writes names: developers in requests, operators in `upstream_model` and in policies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BUILTIN_MODELS, type BuiltinModel } from '../../app/inference/builtin-models.ts'
import { builtinBehind, builtinFor, builtinNames, namesOf } from '../../app/inference/model-names.ts'
import { modelRule } from '../../app/managed/model-rule.ts'
import { catalogOf } from '../support/catalog.ts'

/** Whether `deniedModels` blocks a model of the operator's own that goes out as `sent`. */
function blocksMapped(deniedModels: string[], sent: string): boolean {
  const catalog = catalogOf({ models: [{ id: 'mine', upstream_model: { main: sent } }], auto: false })
  const model = catalog.resolve('mine')
  assert.ok(model !== null)
  return modelRule({ deniedModels })(model)?.key === 'deniedModels'
}

/** Whether `deniedModels` blocks what `requested` leads to. */
function blocks(deniedModels: string[], requested: string, models: { id: string }[] = []): boolean {
  const catalog = catalogOf({ models })
  return modelRule({ deniedModels })(catalog.resolve(requested) ?? catalog.identify(requested)) !== null
}

/** How providers, and proxies before them, are asked for a model whose name is `name`. */
const providerForms = (name: string): string[] => [
  name,
  `${name}[1m]`,
  name.toUpperCase(),
  ` ${name} `,
  `anthropic.${name}`,
  `us.anthropic.${name}-v1:0`,
  `us.anthropic.${name}-20991231-v2:0`,
  `arn:aws:bedrock:us-east-1::foundation-model/anthropic.${name}-v1:0`,
  `arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.${name}-v1:0`,
  `arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Fanthropic.${name}-v1%3A0`,
  `arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.${name}-v1:0:200k`,
  `${name}@20991231`,
  `${name}@default`,
  `${name}-20991231`,
  `${name}-latest`,
  `projects/p/locations/global/publishers/anthropic/models/${name}@20991231`,
  `anthropic/${name}`,
  `bedrock/converse/us.anthropic.${name}-v1:0`,
  `claude-proxy/${name}`,
  `team-${name}`,
  name.replace(/(\d)-(\d)/, '$1.$2'),
  name.replaceAll('-', '_'),
]

const undated = ({ aliases, id }: BuiltinModel) => aliases[0] ?? id

test('a model of the operator’s own is blocked with the one it goes out as, in the form of any provider', () => {
  for (const model of BUILTIN_MODELS) {
    for (const sent of providerForms(undated(model))) {
      assert.ok(blocksMapped([undated(model)], sent), `${undated(model)} as ${sent}`)
      assert.ok(blocksMapped([model.id], sent), `${model.id} as ${sent}`)
      assert.ok(blocksMapped([model.family], sent), `${model.family} as ${sent}`)
    }
  }
})

test('a model that is newer than the table is blocked under its name and its family’s', () => {
  for (const sent of providerForms('claude-opus-9-1')) {
    assert.ok(blocksMapped(['claude-opus-9-1'], sent), sent)
    assert.ok(blocksMapped(['claude-opus-9'], sent), sent)
    assert.ok(blocksMapped(['opus'], sent), sent)
    assert.ok(!blocksMapped(['claude-opus-9-2', 'claude-sonnet-9-1', 'sonnet'], sent), sent)
  }
  assert.ok(blocksMapped(['claude-zeta-1'], 'us.anthropic.claude-zeta-1-v1:0'))
})

test('an operator may deny a model in the form of any provider', () => {
  const operatorForms = providerForms('claude-opus-4-8').filter(form => !form.startsWith('team-'))
  for (const entry of operatorForms) {
    assert.ok(blocks([entry], 'claude-opus-4-8'), entry)
    assert.ok(!blocks([entry], 'claude-opus-4-7'), entry)
    assert.ok(blocksMapped([entry], 'us.anthropic.claude-opus-4-8-v1:0'), entry)
  }
})

test('a date that nobody knows denies the model all the same, and no later version', () => {
  for (const entry of [
    'claude-opus-5-20991231',
    'claude-opus-5@20991231',
    'us.anthropic.claude-opus-5-20991231-v1:0',
  ]) {
    assert.ok(blocks([entry], 'claude-opus-5'), entry)
    assert.ok(!blocks([entry], 'claude-opus-5-5'), entry)
  }
})

test('a word of the client’s own denies the model that the operator gave this name, and no other', () => {
  for (const id of ['best', 'default', 'opusplan', '*']) {
    assert.ok(blocks([id], id.toUpperCase(), [{ id }]), id)
    assert.ok(blocks([id], `${id}[1m]`, [{ id }]), id)
    assert.ok(!blocks([id], 'claude-opus-5', [{ id }]), id)
  }
})

test('every name of a built-in denies every spelling that leads to it', () => {
  const models = BUILTIN_MODELS.filter(({ role }) => role === 'price_only').map(({ id }) => ({ id }))
  const catalog = catalogOf({ models })
  const spellings = new Map(builtinNames().map(({ id, names }) => [id, [id, ...names]]))
  for (const model of BUILTIN_MODELS) {
    for (const entry of namesOf(model)) {
      const rule = modelRule({ deniedModels: [entry] })
      for (const spelling of spellings.get(model.id) ?? []) {
        const resolved = catalog.resolve(spelling)
        assert.ok(resolved !== null, spelling)
        assert.ok(rule(resolved) !== null, `${entry} lets ${spelling} through`)
      }
    }
  }
})

/** What an attacker tries on a name. */
const disguise = fc.constantFrom<(name: string) => string>(
  ...[
    (name: string) => name,
    (name: string) => name.toUpperCase(),
    (name: string) => `${name}[1m]`,
    (name: string) => `${name}[1M]`,
    (name: string) => ` ${name}\t`,
    (name: string) => name.replace('a', '\u0430'),
    (name: string) => name.replace('k', '\u212a'),
    (name: string) => name.normalize('NFKD').replaceAll('-', '\u2010'),
    (name: string) => encodeURIComponent(name).replaceAll('-', '%2D'),
    (name: string) => `us.anthropic.${name}-v1:0`,
    (name: string) => `zz-top.anthropic.${name}`,
    (name: string) => `anthropic.${name}-v1`,
    (name: string) => `arn:aws:bedrock:us-east-1::foundation-model/${name}`,
    (name: string) => name.replace(/-(\d{8})$/, '@$1'),
    (name: string) => name.replace(/-\d{8}$/, ''),
    (name: string) => `${name}@20991231`,
    (name: string) => `\u200b${name}`,
    (name: string) => `${name}\0`,
    (name: string) => `../${name}`,
  ],
)
const anyName = fc.constantFrom(
  ...BUILTIN_MODELS.flatMap(model => namesOf(model).map(name => [model, name] as const)),
)

test('whatever a developer does to a name: what resolves to a denied model is refused', () => {
  const catalog = catalogOf()
  let led = 0
  fc.assert(
    fc.property(anyName, fc.array(disguise, { maxLength: 3 }), ([model, name], disguises) => {
      const asked = disguises.reduce((text, wear) => wear(text), name)
      const resolved = catalog.resolve(asked)
      if (resolved === null) return
      led += 1
      assert.equal(resolved.builtin, model, asked)
      for (const entry of [model.family, ...namesOf(model)]) {
        assert.equal(
          modelRule({ deniedModels: [entry] })(resolved)?.key,
          'deniedModels',
          `${entry}: ${asked}`,
        )
      }
    }),
    { numRuns: 2000 },
  )
  assert.ok(led > 100, String(led))
})

test('what a client may spell, an operator may write', () => {
  for (const { id, names } of builtinNames()) {
    for (const name of [id, ...names]) assert.equal(builtinBehind(name), builtinFor(name), name)
  }
})
