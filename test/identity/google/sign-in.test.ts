// From the browser to the policy: the real oidc-provider says who it is, Google says in which groups.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openSignIn } from '../../../app/identity/open-sign-in.ts'
import { openCatalog } from '../../../app/inference/open-catalog.ts'
import { openPolicies } from '../../../app/managed/policy-set.ts'
import { fileWith, judge } from '../../support/config-text.ts'
import { openLookup } from '../../support/google-lookup.ts'
import { refusal } from '../../support/google-tokens.ts'
import { openWorkspace, type Workspace } from '../../support/google-workspace.ts'
import { oidcFor } from '../../support/idp-sign-in.ts'
import { ENGINEER, startOidcProvider } from '../../support/oidc-provider.ts'
import { recordLog } from '../../support/recorded-log.ts'
import { approveAtIdp } from '../../support/sign-in.ts'

const ERIN = ENGINEER.email
const HOST = 'admin.googleapis.com'
const SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access']

/** Two policies, of which the first is for engineers. */
const MANAGED =
  'managed: { policies: [{ match: { groups: [eng@example.com] }, code: { model: opus } }, { match: {}, code: { model: haiku } }] }'

/** Which policy is whose. */
function policyOf(person: { sub: string; groups?: readonly string[] }): number | null {
  const judged = judge(fileWith({ managed: MANAGED }))
  assert.ok(judged.kind === 'loaded')
  return openPolicies(judged.config, openCatalog(judged.config)).select(person)?.index ?? null
}

async function openGateway(t: TestContext, workspace: Workspace, allowed_groups?: string[]) {
  const idp = await startOidcProvider()
  t.after(() => idp[Symbol.asyncDispose]())
  const { groups, pass } = openLookup(workspace)
  const signIn = await openSignIn({
    oidc: oidcFor(idp, { scopes: SCOPES, ...(allowed_groups && { allowed_groups }) }),
    ...{ publicUrl: 'https://gateway.example', fetch: globalThis.fetch, clock: Date.now, log: recordLog() },
    ...{ groupLookup: groups, namesGroups: true, priorityGroups: ['eng@example.com'] },
  })
  const walk = async () => {
    const request = { state: 'state', nonce: 'nonce', codeVerifier: 'v'.repeat(43) }
    const person = { login: ERIN, password: ENGINEER.password }
    const callback = new URL(await approveAtIdp(await signIn.authorizationUrl(request), person))
    return signIn.complete({ ...request, searchParams: callback.searchParams })
  }
  return { signIn, walk, pass }
}

test('groups of Google replace those of the claim, and decide the policy at sign-in and at refresh', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['Eng@Example.com'] })
  const { signIn, walk, pass } = await openGateway(t, workspace)

  const outcome = await walk()
  assert.ok(outcome.kind === 'signed_in' && outcome.refreshToken !== null, JSON.stringify(outcome))
  assert.deepEqual(outcome.identity.groups, ['eng@example.com'])
  assert.equal(policyOf(outcome.identity), 0)
  workspace.members.set(ERIN, [])
  pass(301)
  const renewed = await signIn.renew({ refreshToken: outcome.refreshToken, sub: outcome.identity.sub })

  assert.ok(renewed.kind === 'renewed' && !renewed.groupsStale, JSON.stringify(renewed))
  assert.deepEqual(renewed.identity.groups, [])
  assert.equal(policyOf(renewed.identity), 1)
})

test('while Google is down nobody new signs in, and sessions go on with the groups they had', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  const { signIn, walk, pass } = await openGateway(t, workspace)
  const outcome = await walk()
  assert.ok(outcome.kind === 'signed_in' && outcome.refreshToken !== null)
  workspace.outages.set(HOST, refusal(503, 'UNAVAILABLE'))

  pass(301)
  const renewed = await signIn.renew({ refreshToken: outcome.refreshToken, sub: outcome.identity.sub })
  const anew = await walk()
  assert.ok(renewed.kind === 'renewed' && renewed.refreshToken !== null, JSON.stringify(renewed))
  pass(3600)
  const late = await signIn.renew({ refreshToken: renewed.refreshToken, sub: outcome.identity.sub })

  assert.deepEqual([renewed.groupsStale, renewed.identity.groups], [true, ['eng@example.com']])
  assert.equal(policyOf(renewed.identity), 0)
  const unreadable = { err: 'google_unavailable', step: 'groups' }
  assert.deepEqual(anew, { kind: 'failed', cause: 'groups', ...unreadable })
  assert.deepEqual(late, { kind: 'unavailable', network: false, ...unreadable })
})

test('somebody outside the allowed groups is refused, and so is somebody whose groups cannot be read', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['all@example.com'] })
  const { walk, pass } = await openGateway(t, workspace, ['eng@example.com'])

  const outside = await walk()
  pass(301)
  workspace.hasRole = false
  const unreadable = await walk()

  assert.deepEqual(outside, { kind: 'failed', cause: 'admission', err: 'group', step: 'admission' })
  assert.deepEqual(unreadable, { kind: 'failed', cause: 'groups', err: 'role_missing', step: 'groups' })
})
