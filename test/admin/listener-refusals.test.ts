// What the listener itself refuses on a path of the Admin API has the Admin API's shape.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AdminAnswer, LIMITS, openAdmin } from '../support/admin-rig.ts'

function assertShape(answer: AdminAnswer, error: { type: string; message: string }) {
  const id = answer.headers['request-id']
  assert.equal(id, `req_${answer.headers['x-request-id']?.replaceAll('-', '')}`)
  assert.equal(answer.body, JSON.stringify({ type: 'error', error, request_id: id }))
  assert.equal(answer.headers['cache-control'], 'no-store')
}

test('an address that may not come in is refused before its key is looked at', async () => {
  await using rig = await openAdmin({
    sections: { access_control: { deny_cidrs: ['127.0.0.1/32'] } },
  })

  const answer = await rig.call('GET', LIMITS)

  assert.equal(answer.status, 403)
  assertShape(answer, { type: 'permission_error', message: 'this network address may not use the gateway' })
  assert.deepEqual(rig.events(), [])
})

test('a target that is too long is refused in the same shape', async () => {
  await using rig = await openAdmin({ sections: { limits: { max_url_length: 200 } } })

  const answer = await rig.call('GET', `${LIMITS}/effective?q=${'a'.repeat(200)}`)

  assert.equal(answer.status, 414)
  assertShape(answer, { type: 'invalid_request_error', message: 'the URL is longer than 200 bytes' })
})
