import assert from 'node:assert/strict'
import { test } from 'node:test'
import { status } from '../support/idp-faults.ts'
import { openSessionRig, type Tokens } from '../support/session-rig.ts'

test('no code, token or secret of a session is in any line, whatever happens to it', async () => {
  await using rig = await openSessionRig({
    manners: { refreshToken: 'rotating' },
    settings: { revoke_at_idp: true },
  })
  const { gateway, idp } = rig
  const code = await rig.approvedGrant()
  const first = (await gateway.collect(code)).body as Tokens
  const second = (await gateway.refresh(first.refresh_token)).body as Tokens
  const inner = [...idp.refreshTokens.keys(), ...idp.spentRefreshTokens]
  await rig.passTime(100)
  await gateway.refresh(first.refresh_token)
  idp.manners.faults = { refresh: status(500, `trouble with ${inner[0]}`) }
  await gateway.refresh(second.refresh_token)
  await rig.stopStore()
  await gateway.collect(code)
  await gateway.refresh(second.refresh_token)
  await gateway.revoke(second.access_token)
  await gateway.visit(second.access_token)
  await gateway.visit(`${second.access_token}x`)
  await rig.resumeStore()

  const lines = JSON.stringify([gateway.events, gateway.log.lines])

  const secrets = [code, ...Object.values(first), ...Object.values(second), ...inner]
    .filter(value => typeof value === 'string' && value !== 'Bearer')
    .flatMap(value => [value, value.slice(0, 24), value.slice(-24)])
  assert.deepEqual(
    secrets.filter(secret => lines.includes(secret)),
    [],
  )
  assert.equal(secrets.length > 15, true)
  assert.equal(gateway.events.length > 5, true)
})
