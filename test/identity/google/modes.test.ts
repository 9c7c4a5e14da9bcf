// The three ways to a token that reads groups, at the protocol of each.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AT_SIGN_IN, DELEGATION, openLookup } from '../../support/google-lookup.ts'
import { ADMIN, DIRECTORY, RUNTIME } from '../../support/google-tokens.ts'
import { openWorkspace } from '../../support/google-workspace.ts'

const ERIN = 'erin@example.com'
const SCOPE = 'https://www.googleapis.com/auth/admin.directory.group.readonly'
const MEMBERS = { [ERIN]: ['Eng@Example.com', 'all@example.com'] }
const FOUND = { kind: 'groups', groups: ['eng@example.com', 'all@example.com'], stale: false }

const hostsOf = (asked: readonly string[]) => asked.map(line => line.replace(/\?.*/, '').replace(/%40/g, '@'))

test('an account with the role is impersonated for one scope, and groups are read as itself', async t => {
  const workspace = await openWorkspace(t, MEMBERS)
  const { groups } = openLookup(workspace)

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), FOUND)

  assert.deepEqual(hostsOf(workspace.asked), [
    'GET metadata/computeMetadata/v1/instance/service-accounts/default/token',
    `POST iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${DIRECTORY}:generateAccessToken`,
    'GET admin.googleapis.com/admin/directory/v1/groups',
  ])
  assert.equal(workspace.asked[2]?.split('?')[1], `userKey=${encodeURIComponent(ERIN)}&maxResults=200`)
  assert.deepEqual(
    [...workspace.accounts.issued.values()].map(({ account, scope }) => [account, scope]),
    [
      [RUNTIME, 'https://www.googleapis.com/auth/cloud-platform'],
      [DIRECTORY, SCOPE],
    ],
  )
})

test('without a named account the workload’s own asks, with a token of the metadata server for the scope', async t => {
  const workspace = await openWorkspace(t, MEMBERS)
  const { groups } = openLookup(workspace, { mode: { kind: 'service_account_role', account: null } })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), FOUND)

  assert.deepEqual(hostsOf(workspace.asked), [
    'GET metadata/computeMetadata/v1/instance/service-accounts/default/token',
    'GET admin.googleapis.com/admin/directory/v1/groups',
  ])
  assert.deepEqual(
    [...workspace.accounts.issued.values()],
    [{ account: RUNTIME, scope: SCOPE, isExpired: false }],
  )
})

test('keyless delegation: Google signs exactly the documented claims, and the assertion is exchanged', async t => {
  const workspace = await openWorkspace(t, MEMBERS)
  const { groups } = openLookup(workspace, { mode: DELEGATION })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), FOUND)

  assert.deepEqual(hostsOf(workspace.asked).slice(1), [
    `POST iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${DIRECTORY}:signJwt`,
    'POST oauth2.googleapis.com/token',
    'GET admin.googleapis.com/admin/directory/v1/groups',
  ])
  const [{ iat, exp, ...claims } = {}] = workspace.accounts.assertions
  assert.deepEqual(claims, {
    iss: DIRECTORY,
    sub: ADMIN,
    scope: SCOPE,
    aud: 'https://oauth2.googleapis.com/token',
  })
  assert.equal(Number(exp) - Number(iat), 3600)
})

test('keyless delegation without a named account signs for the workload’s own', async t => {
  const workspace = await openWorkspace(t, MEMBERS)
  const { groups } = openLookup(workspace, {
    mode: { kind: 'keyless_delegation', admin: ADMIN, account: null },
  })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), FOUND)

  assert.equal(workspace.accounts.assertions[0]?.['iss'], RUNTIME)
})

test('a key file signs the same claims here, and no other credential is asked for', async t => {
  const workspace = await openWorkspace(t, MEMBERS)
  const bytes = Buffer.from(JSON.stringify(workspace.accounts.key.file))
  const mode = { kind: 'key_file' as const, admin: ADMIN, path: '/etc/gateway/groups.json' }
  const { groups } = openLookup(workspace, { mode, readFile: () => ({ kind: 'read', bytes }) })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), FOUND)

  assert.deepEqual(hostsOf(workspace.asked), [
    'POST oauth2.googleapis.com/token',
    'GET admin.googleapis.com/admin/directory/v1/groups',
  ])
  const [{ iat, exp, ...claims } = {}] = workspace.accounts.assertions
  const aud = 'https://oauth2.googleapis.com/token'
  assert.deepEqual(claims, { iss: workspace.accounts.key.file.client_email, sub: ADMIN, scope: SCOPE, aud })
  assert.equal(Number(exp) - Number(iat), 3600)
})

test('a token serves everybody until five minutes before its expiry, and one that Google refuses is replaced', async t => {
  const workspace = await openWorkspace(t, { ...MEMBERS, 'ana@example.com': [], 'bo@example.com': [] })
  const { groups } = openLookup(workspace, { mode: DELEGATION })
  await groups.groupsOf(ERIN, AT_SIGN_IN)
  await groups.groupsOf('ana@example.com', AT_SIGN_IN)
  assert.equal(workspace.accounts.assertions.length, 1)

  for (const holder of workspace.accounts.issued.values()) holder.isExpired = holder.sub === ADMIN
  const answer = await groups.groupsOf('bo@example.com', AT_SIGN_IN)

  assert.deepEqual(answer, { kind: 'groups', groups: [], stale: false })
  assert.equal(workspace.accounts.assertions.length, 2)
})
