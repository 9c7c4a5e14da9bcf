import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertWarning, fileWith, type JudgeOptions, warningsOf } from '../support/config-text.ts'

const warned = (region: string, auth = '{}', options?: JudgeOptions) =>
  warningsOf(
    fileWith({
      upstreams: `upstreams: [{ provider: vertex, region: ${region}, project_id: p, auth: ${auth} }]`,
    }),
    options,
  )

test('a single region of Google Cloud is a warning: newer models are not served there', () => {
  for (const region of ['us-east5', 'europe-west1', 'asia'])
    assertWarning(warned(region), 'upstreams[0].region', 'models newer than Claude Sonnet 4.6')
  for (const region of ['global', 'us', 'eu']) assert.deepEqual(warned(region), [])
})

test('a key file that is not there yet is a warning', () => {
  const auth = '{ service_account_json: /sa.json }'

  assertWarning(
    warned('global', auth),
    'upstreams[0].auth.service_account_json',
    'cannot be read yet (ENOENT)',
  )
  assert.deepEqual(warned('global', auth, { files: { '/sa.json': '{}' } }), [])
})

test('a Bedrock region without default profiles is a warning, until a model has an id for that upstream', () => {
  const inRegion = (region: string, models = 'models: []') =>
    warningsOf(
      fileWith({ models, upstreams: `upstreams: [{ provider: bedrock, region: ${region}, auth: {} }]` }),
    )
  const mapped =
    'models: [{ id: claude-opus-4-8, upstream_model: { bedrock: eu.anthropic.claude-opus-4-8 } }]'

  for (const region of ['eu-west-1', 'us-gov-west-1', 'ap-northeast-1'])
    assertWarning(inRegion(region), 'upstreams[0].region', 'newer models, which are reached by nothing else')
  for (const region of ['us-east-1', 'us-west-2']) assert.deepEqual(inRegion(region), [])
  assert.deepEqual(inRegion('eu-west-1', mapped), [])
})
