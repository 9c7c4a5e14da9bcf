// models, admin, enforcement and pricing, and how they point at upstreams.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem, fileWith, judge, problemsOf } from '../support/config-text.ts'

const ADMIN = 'admin: { write_keys: [{ id: a, key: "${JWT}" }] }'
const ROW =
  'upstream: anthropic, model: claude-opus-4-8, input: 5, output: 25, cache_read: 0.5, cache_write: 6.25'

test('a model needs its id only', () => {
  const result = judge(fileWith({ models: 'models: [{ id: my-model }]' }))

  assert.ok(result.kind === 'loaded')
  assert.deepEqual(result.config.models, [{ id: 'my-model', upstream_model: {} }])
})

test('an id of a model is one that a row of the database can be found by', () => {
  const model = (id: string) => fileWith({ models: `models: [{ id: "${id}" }] # here` })

  assert.deepEqual(problemsOf(model('m'.repeat(256))), [])
  assertProblem(model('m'.repeat(257)), 'models[0].id', ['at most 256'])
})

test('an empty list of models is accepted', () => {
  assert.equal(judge(fileWith({ models: 'models: []' })).kind, 'loaded')
})

test('an unlisted key of a model is refused', () => {
  assertProblem(
    fileWith({ models: 'models: [{ id: x, upstream_modl: {} }] # here' }),
    'models[0].upstream_modl',
    ['Did you mean upstream_model?'],
  )
})

test('a mapping to an upstream that is not there lists the names', () => {
  const upstreams = 'upstreams: [{ provider: anthropic, name: first, auth: { api_key: "${API_KEY}" } }]'

  assertProblem(
    fileWith({ upstreams, models: 'models: [{ id: x, upstream_model: { second: y } }] # here' }),
    'models[0].upstream_model.second',
    ['names no upstream; there are: first.'],
  )
})

test('admin keys are long, and differ in id and value', () => {
  assertProblem(
    fileWith({ admin: 'admin: { read_keys: [{ id: a, key: "${SHORT}" }] } # here' }),
    'admin.read_keys[0].key (from ${SHORT})',
    ['at least 32'],
  )
  for (const key of ['é'.repeat(32), `"${'k'.repeat(40)} "`, 'k'.repeat(513)]) {
    assertProblem(
      fileWith({ admin: `admin: { write_keys: [{ id: a, key: ${key} }] } # here` }),
      'admin.write_keys[0].key',
      ['at most 512 printable ASCII characters'],
    )
  }
  const repeated = problemsOf(
    fileWith({
      admin: 'admin: { write_keys: [{ id: a, key: "${JWT}" }], read_keys: [{ id: a, key: "${JWT}" }] }',
    }),
  )
  assert.deepEqual(
    repeated.map(({ path, text }) => [path, text]),
    [
      ['admin.read_keys[0].id', 'an admin key above has the same id.'],
      ['admin.read_keys[0].key (from ${JWT})', 'an admin key above is the same.'],
    ],
  )
})

test('an empty admin group would match nobody', () => {
  assertProblem(fileWith({ admin: 'admin: { admin_groups: [""] } # here' }), 'admin.admin_groups[0]', [
    'not empty',
  ])
})

test('a blocked message is plain and at most 1000 characters', () => {
  assertProblem(
    fileWith({ admin: `admin: { blocked_message: ${'x'.repeat(1001)} } # here` }),
    'admin.blocked_message',
    ['at most 1000'],
  )
  assertProblem(
    fileWith({ admin: 'admin: { blocked_message: "a\\u001bb" } # here' }),
    'admin.blocked_message',
    ['control characters'],
  )
})

test('retention, mode and tag keep their ranges', () => {
  const rows = [
    ['audit_retention_days: 0', 'at least 1'],
    ['spend_retention_months: 0', 'at least 1'],
    ['identity_retention_days: x', 'at least 1'],
    ['group_limit_mode: mean', 'one of min, max'],
    ['billing_group_tag: "a b"', '1 to 64'],
  ]
  for (const [key = '', words = ''] of rows) {
    assertProblem(fileWith({ admin: `admin: { ${key} } # here` }), `admin.${key.split(':')[0]}`, [words])
  }
})

test('failing closed needs admin', () => {
  assertProblem(
    fileWith({ enforcement: 'enforcement: { fail_closed_on_error: true } # here' }),
    'enforcement.fail_closed_on_error',
    ['needs the section admin'],
  )
  assert.deepEqual(
    problemsOf(fileWith({ admin: ADMIN, enforcement: 'enforcement: { fail_closed_on_error: "true" }' })),
    [],
  )
})

test('prices without admin, a policy or metrics have no effect', () => {
  assertProblem(fileWith({ pricing: 'pricing: { multiplier: 0.9 } # here' }), 'pricing', [
    'without admin or a policy',
  ])
  const pricing = 'pricing: { multiplier: 0.9 }'
  const observing = (observability: string) =>
    problemsOf(fileWith({ pricing, gatehouse: `gatehouse: { observability: ${observability} }` }))
  const otlp = 'url: https://otlp.example.com, traces: true'
  assert.deepEqual(observing('{ prometheus: { port: 9464 } }'), [])
  assert.deepEqual(observing(`{ otlp: { ${otlp} } }`), [])
  assert.equal(observing(`{ otlp: { ${otlp}, metrics: false } }`).length, 1)
})

test('a price row needs all its rates', () => {
  const problems = problemsOf(
    fileWith({
      admin: ADMIN,
      pricing: 'pricing: { overrides: [{ upstream: anthropic, model: m, input: 1 }] }',
    }),
  )

  assert.deepEqual(
    problems.map(problem => problem.path),
    ['pricing.overrides[0].cache_read', 'pricing.overrides[0].cache_write', 'pricing.overrides[0].output'],
  )
})

test('a rate is a plain decimal with at most six places, as written in the file', () => {
  const rates = ['0', '10001', '-1', '0.0000001', '3.7500000000000001', '1e3', '0x10', '"5 "', '.5']
  for (const rate of rates) {
    const row = ROW.replace('input: 5', `input: ${rate}`)
    assertProblem(
      fileWith({ admin: ADMIN, pricing: `pricing: { overrides: [{ ${row} }] } # here` }),
      'pricing.overrides[0].input',
      ['a plain decimal above 0 and up to 10000'],
    )
  }
  assert.deepEqual(
    problemsOf(fileWith({ admin: ADMIN, pricing: `pricing: { overrides: [{ ${ROW} }] }` })),
    [],
  )
})

test('the multiplier is above 0 and at most 10', () => {
  for (const multiplier of ['0', '10.1']) {
    assertProblem(
      fileWith({ admin: ADMIN, pricing: `pricing: { multiplier: ${multiplier} } # here` }),
      'pricing.multiplier',
      ['up to 10'],
    )
  }
})

test('a price row for an upstream that is not there is refused', () => {
  const row = ROW.replace('upstream: anthropic', 'upstream: nowhere')

  assertProblem(
    fileWith({ admin: ADMIN, pricing: `pricing: { overrides: [{ ${row} }] } # here` }),
    'pricing.overrides[0].upstream',
    ['there are: anthropic'],
  )
})

test('two rows for one model are refused, two spellings of one built-in included', () => {
  const other = ROW.replace('claude-opus-4-8', 'Claude-Opus-4-8-20260101')
  const text = fileWith({
    admin: ADMIN,
    pricing: `pricing:\n  overrides:\n    - { ${ROW} }\n    - { ${other} } # here`,
  })

  assertProblem(text, 'pricing.overrides[1]', ['same model on the same upstream'], {
    builtins: [{ id: 'claude-opus-4-8', names: ['claude-opus-4-8-20260101'] }],
  })
})
