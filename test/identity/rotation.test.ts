import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDirectory } from '../support/directory.ts'
import { status } from '../support/idp-faults.ts'
import { openRig } from '../support/idp-sign-in.ts'

test('a rotating provider hands out another refresh token, and ends the session of one that comes twice', async () => {
  await using rig = await openRig({ manners: { refreshToken: 'rotating' } })
  const first = await rig.refreshToken()

  const renewed = await rig.signIn.renew({ refreshToken: first, sub: 'u-ada' })
  assert.ok(renewed.kind === 'renewed' && renewed.refreshToken !== null)
  const reused = await rig.signIn.renew({ refreshToken: first, sub: 'u-ada' })
  const after = await rig.signIn.renew({ refreshToken: renewed.refreshToken, sub: 'u-ada' })

  assert.notEqual(renewed.refreshToken, first)
  const ended = { kind: 'ended', err: 'session_ended_at_idp', step: 'token', answer: 'invalid_grant' }
  assert.deepEqual([reused, after], [ended, ended])
})

test('a rotation whose renewal failed later is not lost: the next try shows the new token', async () => {
  await using directory = await startDirectory({ 'ada@example.com': ['eng@example.com'] })
  await using rig = await openRig({ manners: { refreshToken: 'rotating' }, groupLookup: directory })
  const refreshToken = await rig.refreshToken()
  directory.members.delete('ada@example.com')

  const interrupted = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })
  rig.idp.manners.faults = { refresh: status(503) }
  const down = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })
  rig.idp.manners.faults = {}
  rig.idp.manners.refreshToken = 'kept'
  directory.members.set('ada@example.com', ['eng@example.com'])
  const renewed = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual([interrupted.kind, down.kind, renewed.kind], ['unavailable', 'unavailable', 'renewed'])
  assert.ok(renewed.kind === 'renewed' && renewed.refreshToken !== null)
  assert.notEqual(renewed.refreshToken, refreshToken)
})

test('a provider that repeats the same refresh token has not rotated it', async () => {
  await using rig = await openRig()
  const refreshToken = await rig.refreshToken()
  rig.idp.manners.faults = {
    refresh: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ access_token: 'a', token_type: 'Bearer', refresh_token: refreshToken }))
    },
    userinfo: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"sub":"u-ada"}')
    },
  }

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, {
    kind: 'renewed',
    identity: { sub: 'u-ada' },
    refreshToken: null,
    groupsStale: false,
  })
})

test('a revocation names the refresh token to the provider, and never fails', async () => {
  await using rig = await openRig()
  const refreshToken = await rig.refreshToken()

  await rig.signIn.revoke(refreshToken)
  rig.idp.manners.faults = { revoke: status(503) }
  await rig.signIn.revoke(refreshToken)

  const [first] = rig.idp.requests.filter(request => request.endpoint === 'revoke')
  assert.equal(first?.form.get('token'), refreshToken)
  assert.equal(first?.form.get('token_type_hint'), 'refresh_token')
  assert.deepEqual(await rig.signIn.renew({ refreshToken, sub: 'u-ada' }), {
    kind: 'ended',
    err: 'session_ended_at_idp',
    step: 'token',
    answer: 'invalid_grant',
  })
})
