import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDirectory } from '../support/directory.ts'
import { notJson, status } from '../support/idp-faults.ts'
import { ADA } from '../support/idp-manners.ts'
import { openRig } from '../support/idp-sign-in.ts'

const THIN = { idTokenClaims: [] }
const ADA_WITH = (groups: readonly string[]) => ({
  identity: { sub: 'u-ada', email: 'ada@example.com', name: 'Ada Example', groups },
})

test('userinfo fills a thin id_token', async () => {
  await using rig = await openRig({ manners: THIN, oidc: { userinfo_fallback: true } })

  const outcome = await rig.signInOnce()

  assert.ok(outcome.kind === 'signed_in')
  assert.deepEqual(outcome.identity, ADA_WITH(['engineering', 'on-call']).identity)
})

test('userinfo is not asked when the id_token told everything, nor without userinfo_fallback', async () => {
  await using fat = await openRig({ oidc: { userinfo_fallback: true } })
  await using thin = await openRig({ manners: THIN })

  await fat.signInOnce()
  const outcome = await thin.signInOnce()

  const asked = [fat, thin].map(rig => rig.idp.requests.some(request => request.endpoint === 'userinfo'))
  assert.deepEqual(asked, [false, false])
  assert.ok(outcome.kind === 'signed_in')
  assert.deepEqual(outcome.identity, { sub: 'u-ada' })
})

test('a userinfo without groups means no groups', async () => {
  await using rig = await openRig({
    manners: { idTokenClaims: [], userinfoClaims: ['email'] },
    oidc: { userinfo_fallback: true },
  })

  const outcome = await rig.signInOnce()

  assert.ok(outcome.kind === 'signed_in')
  assert.deepEqual(outcome.identity, { sub: 'u-ada', email: 'ada@example.com' })
})

const FAILURES = [
  { what: 'down', fault: status(503), answer: '503' },
  { what: 'refusing', fault: status(403), answer: '403' },
  { what: 'talking nonsense', fault: notJson, answer: 'malformed' },
] as const

for (const { what, fault, answer } of FAILURES) {
  test(`a sign-in that needs a userinfo which is ${what} fails on the groups`, async () => {
    await using rig = await openRig({
      manners: { ...THIN, faults: { userinfo: fault } },
      oidc: { userinfo_fallback: true },
    })

    const outcome = await rig.signInOnce()

    assert.deepEqual(outcome, {
      kind: 'failed',
      cause: 'groups',
      err: 'userinfo_failed',
      step: 'userinfo',
      answer,
    })
  })
}

test('a userinfo about somebody else refuses', async () => {
  await using rig = await openRig({
    manners: { ...THIN, userinfoSub: 'u-eve' },
    oidc: { userinfo_fallback: true },
  })

  const outcome = await rig.signInOnce()

  assert.deepEqual(outcome, {
    kind: 'failed',
    cause: 'groups',
    err: 'userinfo_sub_mismatch',
    step: 'userinfo',
  })
})

test('too many groups for the token refuse where a group is named, at sign-in and at refresh', async () => {
  await using rig = await openRig({ oidc: { allowed_groups: ['engineering'] } })
  const refreshToken = await rig.refreshToken()
  rig.idp.person = { ...ADA, groups: undefined, _claim_names: { groups: 'src1' } }

  const signedIn = await rig.signInOnce()
  const renewed = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(signedIn, { kind: 'failed', cause: 'groups', err: 'groups_overage', step: 'claims' })
  assert.deepEqual(renewed, { kind: 'unavailable', network: false, err: 'groups_overage', step: 'claims' })
  assert.ok(rig.log.lines.some(line => line.startsWith('warn ') && line.includes('groups_claim: roles')))
})

test('too many groups for the token sign in without groups, with a warning, where no group is named', async () => {
  await using rig = await openRig()
  rig.idp.person = { ...ADA, groups: undefined, hasgroups: true }

  const outcome = await rig.signInOnce()

  assert.ok(outcome.kind === 'signed_in')
  assert.deepEqual(outcome.identity, { sub: 'u-ada', email: 'ada@example.com', name: 'Ada Example' })
  assert.equal(rig.log.lines.filter(line => line.startsWith('warn ')).length, 1)
})

test('a person with 10,000 groups gets 32 KiB of them, the named ones first, and one warning', async () => {
  await using rig = await openRig({ priorityGroups: ['group-9999'] })
  rig.idp.person = { ...ADA, groups: Array.from({ length: 10_000 }, (_, index) => `group-${index}`) }

  const outcome = await rig.signInOnce()

  assert.ok(outcome.kind === 'signed_in' && outcome.identity.groups)
  assert.equal(outcome.identity.groups[0], 'group-9999')
  assert.ok(Buffer.byteLength(JSON.stringify(outcome.identity.groups)) <= 32 * 1024)
  assert.equal(rig.log.lines.filter(line => line.includes('"dropped"')).length, 1)
})

test('a directory replaces the claim, is asked by address, and only after the domain was accepted', async () => {
  await using directory = await startDirectory({ 'ada@example.com': ['eng@example.com'] })
  await using rig = await openRig({
    groupLookup: directory,
    oidc: { allowed_email_domains: ['example.com'] },
  })

  const outcome = await rig.signInOnce()
  rig.idp.person = { ...ADA, email: 'ada@elsewhere.example' }
  const refused = await rig.signInOnce()

  assert.ok(outcome.kind === 'signed_in')
  assert.deepEqual(outcome.identity, ADA_WITH(['eng@example.com']).identity)
  assert.deepEqual(refused, { kind: 'failed', cause: 'admission', err: 'email_domain', step: 'admission' })
  assert.deepEqual(directory.asked, [{ email: 'ada@example.com', deadlineMs: 5_000, useStale: false }])
})

test('a directory that fails refuses the sign-in, and an address is needed to ask it', async () => {
  await using directory = await startDirectory({})
  await using rig = await openRig({ groupLookup: directory })

  const unknown = await rig.signInOnce()
  directory.isDown = true
  const down = await rig.signInOnce()
  rig.idp.person = { ...ADA, email: undefined }
  const nameless = await rig.signInOnce()

  const failed = { kind: 'failed', cause: 'groups', step: 'groups' }
  assert.deepEqual(unknown, { ...failed, err: 'user_not_in_directory' })
  assert.deepEqual(down, { ...failed, err: 'google_unavailable' })
  assert.deepEqual(nameless, { ...failed, err: 'email_missing' })
})

test('a directory that is down at a refresh gives its last answer, marked, or keeps the session waiting', async () => {
  await using directory = await startDirectory({ 'ada@example.com': ['eng@example.com'] })
  await using rig = await openRig({ groupLookup: directory })
  const refreshToken = await rig.refreshToken()
  directory.isDown = true

  const stale = await rig.signIn.renew({ refreshToken, sub: 'u-ada', email: 'ada@example.com' })
  rig.idp.person = { ...ADA, email: 'ada@married.example' }
  const unknown = await rig.signIn.renew({ refreshToken, sub: 'u-ada', email: 'ada@example.com' })

  assert.deepEqual(stale, {
    kind: 'renewed',
    ...ADA_WITH(['eng@example.com']),
    refreshToken: null,
    groupsStale: true,
  })
  assert.deepEqual(unknown, {
    kind: 'unavailable',
    network: false,
    err: 'google_unavailable',
    step: 'groups',
  })
})
