import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRig } from '../support/idp-sign-in.ts'

const announced = { authorization_response_iss_parameter_supported: true }
const ISS: ReadonlyArray<{ what: string; iss: (issuer: string) => readonly string[]; err: string }> = [
  { what: 'missing though announced', iss: () => [], err: 'iss_missing' },
  { what: 'wrong', iss: issuer => [`${issuer}/`], err: 'iss_wrong' },
  { what: 'doubled', iss: issuer => [issuer, issuer], err: 'iss_repeated' },
]

for (const { what, iss, err } of ISS) {
  test(`a callback whose iss is ${what} is refused (RFC 9207)`, async () => {
    await using rig = await openRig({ manners: { metadata: announced, iss } })

    const outcome = await rig.signInOnce()

    assert.deepEqual(outcome, { kind: 'failed', cause: 'issuer', err, step: 'callback' })
  })
}

test('a callback with the announced iss is accepted', async () => {
  await using rig = await openRig({ manners: { metadata: announced, iss: issuer => [issuer] } })

  assert.equal((await rig.signInOnce()).kind, 'signed_in')
})
