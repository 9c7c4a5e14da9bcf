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
