import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelDenied, modelUnknown } from '../../app/inference/model-refusals.ts'

test('a developer is told which model is not offered, or not theirs', () => {
  const refusals = [
    modelUnknown('Corp-X'),
    modelDenied('opus', { reason: 'availableModels', policyIndex: 0 }),
    modelDenied('opus', { reason: 'deniedModels', policyIndex: 0 }),
    modelDenied('opus', { reason: 'unmatched', policyIndex: null }),
  ]

  assert.deepEqual(
    refusals.map(({ code, status, message }) => [code, status, message]),
    [
      ['model_unknown', 400, 'this gateway does not offer the model Corp-X'],
      ['model_denied', 400, 'your role does not include the model opus'],
      ['model_denied', 400, 'your role blocks the model opus'],
      [
        'forbidden',
        403,
        'no policy of this gateway covers your account: ask the administrator of the gateway for access',
      ],
    ],
  )
})

test('an echoed id has at most 128 characters and no control characters', () => {
  const { message } = modelUnknown(`a\r\n\u0085\ud800${'😀'.repeat(200)}`)

  assert.equal(message, `this gateway does not offer the model a???\ufffd${'😀'.repeat(123)}`)
})
