// Which models a settings document allows: the manual's table, row by row.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelRule } from '../../app/managed/model-rule.ts'
import { catalogOf } from '../support/catalog.ts'

const catalog = catalogOf({
  models: [
    { id: 'corp-sonnet' },
    { id: 'corp-x' },
    { id: 'corp' },
    { id: 'corp-5' },
    { id: 'corp-5-fast' },
    { id: 'mapped', upstream_model: { main: 'claude-opus-4-8' } },
    { id: 'big[1m]' },
    { id: 'best', upstream_model: { main: 'x' } },
    {
      id: 'by-arn',
      upstream_model: {
        main: 'arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0',
      },
    },
    { id: 'two-ways', upstream_model: { main: 'claude-haiku-4-5', second: 'claude-opus-5' } },
    { id: 'half-known', upstream_model: { main: 'claude-haiku-4-5', second: 'prod' } },
  ],
})

/** The requested spelling, judged by a document. */
function verdict(settings: Record<string, string | string[]>, requested: string) {
  return modelRule(settings)(catalog.resolve(requested) ?? catalog.identify(requested))?.key ?? null
}

type Row = readonly [entries: string[], allowed: string[], refused: string[]]

const PREFIX: readonly Row[] = [
  [['opus'], ['claude-opus-4-8', 'claude-opus-4-1', 'mapped'], ['claude-sonnet-5', 'corp-x']],
  [['sonnet'], ['claude-sonnet-5', 'claude-3-7-sonnet', 'corp-sonnet'], ['claude-haiku-5-5']],
  [['Sonnet '], ['claude-sonnet-5'], ['claude-opus-5']],
  [
    ['sonnet', 'claude-sonnet-5'],
    ['claude-sonnet-5', 'claude-sonnet-5-5'],
    ['claude-sonnet-4-6', 'corp-sonnet'],
  ],
  [['sonnet', 'corp-sonnet'], ['corp-sonnet'], ['claude-sonnet-5']],
  [
    ['sonnet', 'claude-opus-5'],
    ['claude-sonnet-4-6', 'claude-opus-5', 'claude-opus-5-5'],
    ['claude-opus-4-8'],
  ],
  [
    ['opus-4-8'],
    ['claude-opus-4-8', 'CLAUDE-OPUS-4-8', 'claude-opus-4-8[1m]', 'mapped'],
    ['claude-opus-4-7'],
  ],
  [
    ['claude-opus-4-8'],
    ['us.anthropic.claude-opus-4-8', 'anthropic.claude-opus-4-8-v1:0'],
    ['claude-opus-5'],
  ],
  [['claude-sonnet-5'], ['claude-sonnet-5', 'claude-sonnet-5-5'], ['claude-sonnet-4-6']],
  [['claude-sonnet-4'], ['claude-sonnet-4-5', 'claude-sonnet-4-6'], ['claude-sonnet-5']],
  [['claude-sonnet'], ['claude-sonnet-4-6', 'claude-sonnet-5'], ['claude-opus-5', 'corp-x']],
  [['claude'], [], ['claude-opus-5', 'claude-3-7-sonnet', 'corp', 'mapped']],
  [['us.anthropic.claude'], [], ['claude-opus-5', 'corp']],
  [['haiku'], ['by-arn'], ['two-ways', 'half-known']],
  [['haiku', 'opus'], ['two-ways'], ['half-known']],
  [['haiku', 'claude-opus-5'], ['two-ways'], ['half-known', 'best']],
  [['half-known', 'prod'], ['half-known'], ['two-ways']],
  [['claude-haiku-4-5-20251001'], ['claude-haiku-4-5', 'claude-haiku-4-5@20251001'], ['claude-haiku-5-5']],
  [['claude-haiku-4-5'], ['claude-haiku-4-5-20251001', 'claude-haiku-4-5'], ['claude-haiku-5-5']],
  [['corp'], ['corp', 'corp-x', 'corp-sonnet', 'CORP-X[1m]'], ['claude-sonnet-5', 'mapped']],
  [['corp-x'], ['corp-x', 'Corp-X'], ['corp', 'corp-sonnet']],
  [['big'], ['big[1m]'], ['corp']],
  [['mapped'], ['mapped'], ['claude-opus-4-8']],
  [['default', 'best', 'opusplan', '*', ''], [], ['claude-opus-5', 'claude-sonnet-5', 'corp', 'best']],
  [['claude-opus-4-8-20990101'], [], ['claude-opus-4-8']],
  [[], [], ['claude-opus-5', 'claude-haiku-4-5', 'corp']],
]

for (const [entries, allowed, refused] of PREFIX) {
  test(`availableModels ${JSON.stringify(entries)} allows what begins so`, () => {
    const settings = { availableModels: entries }

    assert.deepEqual(
      allowed.map(id => [id, verdict(settings, id)]),
      allowed.map(id => [id, null]),
    )
    assert.deepEqual(
      refused.map(id => [id, verdict(settings, id)]),
      refused.map(id => [id, 'availableModels']),
    )
  })
}

const EXACT: readonly Row[] = [
  [['opus'], ['claude-opus-4-8', 'mapped'], ['claude-sonnet-5']],
  [['sonnet', 'claude-sonnet-5'], ['claude-sonnet-5'], ['claude-sonnet-5-5', 'claude-sonnet-4-6']],
  [['claude-sonnet-5'], ['claude-sonnet-5', 'claude-sonnet-5[1m]'], ['claude-sonnet-5-5']],
  [['opus-4-8'], ['claude-opus-4-8', 'us.anthropic.claude-opus-4-8'], ['claude-opus-4-7']],
  [['claude-sonnet'], [], ['claude-sonnet-5', 'corp-sonnet']],
  [['claude-haiku-4-5-20251001'], ['claude-haiku-4-5'], ['claude-haiku-5-5']],
  [['claude-haiku-4-5'], ['claude-haiku-4-5-20251001'], []],
  [['corp'], ['corp', 'corp[1m]'], ['corp-x']],
  [['big[1m]'], ['big[1m]'], []],
]

for (const [entries, allowed, refused] of EXACT) {
  test(`availableModels ${JSON.stringify(entries)} with exact match allows these models only`, () => {
    const settings = { availableModels: entries, availableModelsMatch: 'exact' }

    assert.deepEqual(
      allowed.filter(id => verdict(settings, id) !== null),
      [],
    )
    assert.deepEqual(
      refused.filter(id => verdict(settings, id) === null),
      [],
    )
  })
}

const DENIED: readonly (readonly [entries: string[], blocked: string[], free: string[]])[] = [
  [['sonnet'], ['claude-sonnet-5', 'corp-sonnet', 'claude-3-7-sonnet'], ['claude-opus-5']],
  [['sonnet', 'claude-sonnet-5'], ['claude-sonnet-4-6', 'claude-sonnet-5'], ['claude-opus-5']],
  [['opus'], ['mapped', 'claude-opus-4-1'], ['corp-x']],
  [['claude-sonnet-5'], ['claude-sonnet-5', 'claude-sonnet-5-5'], ['claude-sonnet-4-6']],
  [['claude-opus-4'], ['claude-opus-4-8', 'claude-opus-4-1', 'mapped'], ['claude-opus-5']],
  [['opus-4-8'], ['mapped', 'us.anthropic.claude-opus-4-8', 'claude-opus-4-8[1m]'], ['claude-opus-4-7']],
  [['claude-haiku-4-5-20251001'], ['claude-haiku-4-5', 'claude-haiku-4-5@20251001'], ['claude-haiku-5-5']],
  [['corp-sonnet'], ['corp-sonnet', 'CORP-SONNET[1m]'], ['claude-sonnet-5', 'corp-x']],
  [['corp'], ['corp'], ['corp-x', 'corp-sonnet']],
  [['big'], ['big[1m]'], []],
  [['corp-5'], ['corp-5', 'corp-5[1m]'], ['corp-5-fast', 'corp']],
  [['opus'], ['two-ways'], ['half-known']],
  [['prod'], ['half-known'], ['two-ways']],
  [['claude-sonnet', 'claude', 'opusplan', ''], [], ['claude-sonnet-5', 'claude-opus-5', 'corp-x']],
]

for (const [entries, blocked, free] of DENIED) {
  test(`deniedModels ${JSON.stringify(entries)} blocks its models in every spelling`, () => {
    for (const availableModelsMatch of ['prefix', 'exact']) {
      const settings = { deniedModels: entries, availableModelsMatch }

      assert.deepEqual(
        blocked.map(id => [id, verdict(settings, id)]),
        blocked.map(id => [id, 'deniedModels']),
      )
      assert.deepEqual(
        free.map(id => [id, verdict(settings, id)]),
        free.map(id => [id, null]),
      )
    }
  })
}

test('the deny-list wins over the allow-list, and is the one that is named', () => {
  const settings = { availableModels: ['opus'], deniedModels: ['claude-opus-5'] }

  const verdicts = ['claude-opus-5', 'claude-opus-4-8', 'claude-sonnet-5'].map(id => verdict(settings, id))

  assert.deepEqual(verdicts, ['deniedModels', null, 'availableModels'])
})

test('without lists every model is allowed, whatever enforceAvailableModels says', () => {
  assert.equal(modelRule({ enforceAvailableModels: true })(catalog.identify('claude-opus-5')), null)
})
