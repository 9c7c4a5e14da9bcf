import assert from 'node:assert/strict'
import { test } from 'node:test'
import { status } from '../support/idp-faults.ts'
import { openRig } from '../support/idp-sign-in.ts'

const MINUTE = 60_000

test('a key that the provider began to use is found at once', async () => {
  await using rig = await openRig()
  rig.idp.keys.rotate()

  const outcome = await rig.signInOnce()

  assert.equal(outcome.kind, 'signed_in')
})

test('unknown keys are looked for once a minute, whoever names them', async () => {
  let now = Date.now()
  await using rig = await openRig({ clock: () => now })
  const jwksReads = () => rig.idp.requests.filter(request => request.endpoint === 'jwks').length
  rig.idp.manners.signature = 'unpublished'

  await Promise.all([rig.signInOnce(), rig.signInOnce()])
  const atOnce = jwksReads()
  now += MINUTE - 1
  await rig.signInOnce()
  const withinTheMinute = jwksReads()
  now += 1
  await rig.signInOnce()

  assert.deepEqual([atOnce, withinTheMinute, jwksReads()], [2, 2, 3])
})

test('keys are read again after ten minutes, so that a withdrawn key stops working', async () => {
  let now = Date.now()
  await using rig = await openRig({ clock: () => now, oidc: { clock_skew_seconds: 3600 } })
  await rig.signInOnce()
  rig.idp.keys.rotate()
  rig.idp.manners.signature = 'forged'

  now += 10 * MINUTE
  const outcome = await rig.signInOnce()

  assert.equal(rig.idp.requests.filter(request => request.endpoint === 'jwks').length, 2)
  assert.deepEqual(outcome, {
    kind: 'failed',
    cause: 'id_token',
    err: 'id_token_signature',
    step: 'id_token',
  })
})

test('while the keys cannot be read, those last seen serve for an hour and no longer', async () => {
  let now = Date.now()
  await using rig = await openRig({ clock: () => now, oidc: { clock_skew_seconds: 7200 } })
  rig.idp.manners.faults = { jwks: status(503) }

  now += 59 * MINUTE
  const within = await rig.signInOnce()
  now += MINUTE
  const beyond = await rig.signInOnce()

  assert.equal(within.kind, 'signed_in')
  assert.deepEqual(beyond, {
    kind: 'failed',
    cause: 'exchange',
    err: 'idp_unavailable',
    step: 'jwks',
    answer: '503',
  })
})
