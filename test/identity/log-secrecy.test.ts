import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDirectory } from '../support/directory.ts'
import { oauthError } from '../support/idp-faults.ts'
import { ADA, CLIENT } from '../support/idp-manners.ts'
import { openRig } from '../support/idp-sign-in.ts'

test('no log line holds a token, a code, a secret or the value of a claim', async () => {
  await using directory = await startDirectory({})
  await using rig = await openRig({
    oidc: { userinfo_fallback: true, allowed_email_domains: ['example.com'] },
  })
  await using asking = await openRig({ groupLookup: directory })
  const marked = { ...ADA, sub: 'u-marked', name: 'Marked Name', secret_claim: 'marked-value' }
  rig.idp.person = marked
  asking.idp.person = { ...marked, email: 'marked@example.com' }

  const refreshToken = await rig.refreshToken()
  await rig.signIn.renew({ refreshToken, sub: 'u-other' })
  rig.idp.person = { ...marked, email: 'marked@elsewhere.example', groups: ['marked-group', 1] }
  await rig.signInOnce()
  rig.idp.person = { ...marked, hasgroups: true, groups: undefined }
  await rig.signInOnce()
  await asking.signInOnce()
  rig.idp.manners.faults = {
    token: oauthError('invalid_request', { description: 'AADSTS50105: marked@example.com' }),
  }
  await rig.signInOnce()
  rig.idp.manners.faults = { refresh: oauthError('invalid_client', { description: 'marked-description' }) }
  await rig.signIn.renew({ refreshToken, sub: 'u-marked' })
  rig.idp.manners.signature = 'forged'
  rig.idp.manners.faults = {}
  await rig.signInOnce()
  await rig.signIn.revoke(refreshToken)

  const lines = [...rig.log.lines, ...asking.log.lines]
  const secrets = [...rig.idp.requests, ...asking.idp.requests].flatMap(({ form }) =>
    ['code', 'code_verifier', 'nonce', 'state', 'refresh_token'].flatMap(name => form.getAll(name)),
  )
  assert.ok(lines.length > 7 && secrets.length > 10, `${lines.length} lines, ${secrets.length} secrets`)
  for (const secret of [
    ...secrets,
    CLIENT.client_secret,
    refreshToken,
    'marked',
    'Marked',
    'rt-',
    'at-',
    'eyJ',
  ]) {
    assert.deepEqual(
      lines.filter(line => line.includes(secret)),
      [],
      `a line holds ${secret}`,
    )
  }
  assert.ok(
    lines.some(line => line.startsWith('debug oidc: claims received') && line.includes('secret_claim')),
  )
  assert.ok(lines.some(line => line.includes('AADSTS50105')))
})

test('trouble that lasts is told once a minute, with a count, and once when it is over', async () => {
  let now = Date.now()
  await using rig = await openRig({ clock: () => now, oidc: { clock_skew_seconds: 300 } })
  const refreshToken = await rig.refreshToken()
  const fail = () => rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  rig.idp.manners.faults = { refresh: oauthError('temporarily_unavailable', { code: 503 }) }
  await fail()
  await fail()
  await fail()
  now += 60_000
  await fail()
  rig.idp.manners.faults = {}
  await rig.signIn.renew({ refreshToken, sub: 'u-ada' })
  await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  const told = rig.log.lines.filter(line => !line.startsWith('debug'))
  assert.deepEqual(told, [
    'warn oidc: the identity provider failed a refresh: token: 503 {}',
    'warn oidc: the identity provider failed a refresh: token: 503 {"repeated":2}',
    'info oidc: the identity provider renews sessions again',
  ])
})
