import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hang, notJson, status } from '../support/idp-faults.ts'
import { ADA } from '../support/idp-manners.ts'
import { openRig, type RigOptions } from '../support/idp-sign-in.ts'

const NEVER: RigOptions = { manners: { idTokenOnRefresh: 'never' } }

test('without an id_token at a refresh, userinfo says who the person is', async () => {
  await using rig = await openRig(NEVER)
  const refreshToken = await rig.refreshToken()
  rig.idp.person = { ...ADA, groups: ['research'] }

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, {
    kind: 'renewed',
    identity: { sub: 'u-ada', email: 'ada@example.com', name: 'Ada Example', groups: ['research'] },
    refreshToken: null,
    groupsStale: false,
  })
})

test('a userinfo of another person ends the session', async () => {
  await using rig = await openRig(NEVER)
  const refreshToken = await rig.refreshToken()
  rig.idp.manners.userinfoSub = 'u-other'

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, { kind: 'not_admitted', err: 'other_subject', step: 'userinfo' })
})

test('a userinfo whose subject cannot be one keeps the session, and makes nobody of it', async () => {
  await using rig = await openRig(NEVER)
  const refreshToken = await rig.refreshToken()
  rig.idp.manners.userinfoSub = 'u-ada\u0000'

  const outcome = await rig.signIn.renew({ refreshToken })

  assert.deepEqual(outcome, {
    kind: 'unavailable',
    network: false,
    err: 'idp_bad_answer',
    step: 'userinfo',
    answer: 'malformed',
  })
})

test('a userinfo that refuses keeps the session and hints at scope_on_refresh', async () => {
  await using rig = await openRig(NEVER)
  const refreshToken = await rig.refreshToken()
  rig.idp.manners.faults = { userinfo: status(403) }

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, {
    kind: 'misconfigured',
    err: 'userinfo_refused',
    step: 'userinfo',
    answer: '403',
  })
  assert.ok(rig.log.lines.some(line => line.startsWith('error ') && line.includes('scope_on_refresh')))
})

const USERINFO_FAULTS = [
  { what: 'down', fault: status(502), err: 'idp_unavailable', answer: '502', network: false },
  { what: 'talking nonsense', fault: notJson, err: 'idp_bad_answer', answer: 'malformed', network: false },
  { what: 'silent', fault: hang, err: 'idp_timeout', answer: 'timeout', network: true },
] as const

for (const { what, fault, ...facts } of USERINFO_FAULTS) {
  test(`a userinfo that is ${what} keeps the session`, async () => {
    await using rig = await openRig({ ...NEVER, timing: { refreshCallMs: 200 } })
    const refreshToken = await rig.refreshToken()
    rig.idp.manners.faults = { userinfo: fault }

    const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

    assert.deepEqual(outcome, { kind: 'unavailable', step: 'userinfo', ...facts })
  })
}

test('without an id_token and without a userinfo endpoint the session ends', async () => {
  await using rig = await openRig({
    manners: { idTokenOnRefresh: 'never', metadata: { userinfo_endpoint: undefined } },
  })
  const refreshToken = await rig.refreshToken()

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, { kind: 'ended', err: 'id_token_missing', step: 'token' })
})

test('scope_on_refresh sends the scopes again, and nothing else does', async () => {
  await using asked = await openRig({
    manners: { idTokenOnRefresh: 'with_scope' },
    oidc: { scope_on_refresh: true },
  })
  await using unasked = await openRig({ manners: { idTokenOnRefresh: 'with_scope' } })

  await asked.signIn.renew({ refreshToken: await asked.refreshToken(), sub: 'u-ada' })
  await unasked.signIn.renew({ refreshToken: await unasked.refreshToken(), sub: 'u-ada' })

  const seen = (rig: typeof asked) =>
    rig.idp.requests.filter(({ endpoint }) => ['refresh', 'userinfo'].includes(endpoint))
  assert.deepEqual(
    seen(asked).map(({ endpoint, form }) => [endpoint, form.get('scope')]),
    [['refresh', 'openid profile email offline_access']],
  )
  assert.deepEqual(
    seen(unasked).map(({ endpoint, form }) => [endpoint, form.get('scope')]),
    [
      ['refresh', null],
      ['userinfo', null],
    ],
  )
})

test('an id_token that cannot be accepted at a refresh keeps the session, and a person is told', async () => {
  await using rig = await openRig()
  const refreshToken = await rig.refreshToken()
  rig.idp.manners.signature = 'forged'

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, { kind: 'misconfigured', err: 'id_token_signature', step: 'id_token' })
  assert.ok(rig.log.lines.includes('error oidc: an id_token was refused at a refresh: id_token_signature {}'))
})

test('signing keys that are needed and cannot be read keep the session', async () => {
  await using rig = await openRig()
  const refreshToken = await rig.refreshToken()
  rig.idp.keys.rotate()
  rig.idp.manners.faults = { jwks: status(404) }

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, {
    kind: 'unavailable',
    network: false,
    err: 'idp_refused',
    step: 'jwks',
    answer: '404',
  })
})
