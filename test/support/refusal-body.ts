import assert from 'node:assert/strict'
import type { RawAnswer } from './raw-http.ts'

/** Asserts that `answer` is a refusal in the messages shape: status, whole body, and the headers all have. */
export function assertRefusal(
  answer: RawAnswer,
  expected: { status: number; type: string; message: string },
): void {
  const { status, type, message } = expected
  const id = answer.headers['x-request-id']
  assert.equal(answer.status, status)
  assert.equal(answer.body, JSON.stringify({ type: 'error', request_id: id, error: { type, message } }))
  assert.deepEqual(pick(answer.headers), {
    'cache-control': 'no-store',
    'content-type': 'application/json',
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'request-id': id,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': id,
  })
  assert.equal(answer.headers['server'], undefined)
}

function pick(headers: RawAnswer['headers']): Record<string, string> {
  const { date, connection, 'keep-alive': keepAlive, 'content-length': length, allow, ...rest } = headers
  return rest
}
