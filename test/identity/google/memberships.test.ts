// Four ways to read somebody's groups, each of them whole or not at all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AT_SIGN_IN, openLookup } from '../../support/google-lookup.ts'
import { openWorkspace, type Workspace } from '../../support/google-workspace.ts'

const ERIN = 'erin@example.com'
const DIRECTORY_HOST = 'admin.googleapis.com'
const groupsOf = (...groups: string[]) => ({ kind: 'groups', groups, stale: false })
const failed = (reason: string) => ({ kind: 'failed', reason })
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `g${i}@example.com`)
const directoryRequests = ({ asked }: Workspace) => asked.filter(line => line.includes(DIRECTORY_HOST)).length

test('direct: every page is read, up to fifty of them; one more fails the look-up', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: numbered(50), 'max@example.com': numbered(51) })
  workspace.pageSize = 1
  const { groups } = openLookup(workspace)

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), groupsOf(...numbered(50)))
  assert.equal(directoryRequests(workspace), 50)
  assert.deepEqual(await groups.groupsOf('max@example.com', AT_SIGN_IN), failed('too_many_groups'))
})

test('direct: nested groups are not followed, and nobody’s groups are none', async t => {
  const workspace = await openWorkspace(t, {
    [ERIN]: ['eng@example.com'],
    'eng@example.com': ['all@example.com'],
    'ana@example.com': [],
  })
  const { groups } = openLookup(workspace)

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), groupsOf('eng@example.com'))
  assert.deepEqual(await groups.groupsOf('ana@example.com', AT_SIGN_IN), groupsOf())
  assert.deepEqual(await groups.groupsOf('stranger@example.com', AT_SIGN_IN), failed('user_not_in_directory'))
})

test('transitive: one search brings nested groups, in pages, with the documented query', async t => {
  const nested = { [ERIN]: ['eng@example.com'], 'eng@example.com': ['all@example.com'] }
  const workspace = await openWorkspace(t, nested)
  workspace.pageSize = 1
  const { groups } = openLookup(workspace, { membership: 'transitive', customer: 'C0abc123' })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), groupsOf('eng@example.com', 'all@example.com'))

  const searches = workspace.asked
    .filter(line => line.includes('cloudidentity'))
    .map(line => new URL(`https://${line.slice(4)}`))
  assert.equal(searches.length, 2)
  assert.equal(searches[0]?.pathname, '/v1/groups/-/memberships:searchTransitiveGroups')
  assert.deepEqual(Object.fromEntries(searches[0].searchParams), {
    query:
      "member_key_id == 'erin@example.com' && 'cloudidentity.googleapis.com/groups.discussion_forum' in labels" +
      " && parent == 'customers/C0abc123'",
    pageSize: '1000',
  })
})

test('transitive: an address that could end the quotation of the query is refused before anything is asked', async t => {
  const workspace = await openWorkspace(t)
  const { groups } = openLookup(workspace, { membership: 'transitive' })

  for (const address of ["o'brien@example.com", "x' || 'a' == 'a@example.com", 'a\\@example.com'])
    assert.deepEqual(await groups.groupsOf(address, AT_SIGN_IN), failed('address_unusable'))
  assert.deepEqual(workspace.asked, [])
})

test('auto: an edition without the search is walked upwards, cycles are cut, and it is asked again an hour later', async t => {
  const workspace = await openWorkspace(t, {
    [ERIN]: ['eng@example.com'],
    'eng@example.com': ['all@example.com', 'eu@example.com'],
    'all@example.com': ['eng@example.com'],
    'eu@example.com': ['all@example.com'],
    'ana@example.com': ['all@example.com'],
  })
  workspace.isEnterprise = false
  const { groups, log, pass } = openLookup(workspace, { membership: 'auto' })
  const searches = () => workspace.asked.filter(line => line.includes('cloudidentity')).length

  const found = groupsOf('eng@example.com', 'all@example.com', 'eu@example.com')
  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), found)
  assert.deepEqual(
    await groups.groupsOf('ana@example.com', AT_SIGN_IN),
    groupsOf('all@example.com', 'eng@example.com', 'eu@example.com'),
  )
  assert.equal(searches(), 1)
  workspace.isEnterprise = true
  pass(3601)
  await groups.groupsOf(ERIN, AT_SIGN_IN)

  assert.equal(searches(), 2)
  assert.deepEqual(log.lines.slice(1), [
    'info groups: this edition of Workspace refuses the transitive search, so nested groups are walked {"code":"PERMISSION_DENIED"}',
  ])
})

test('auto: five levels and 500 groups are walked, what lies beyond fails the look-up', async t => {
  const chain = Object.fromEntries(
    numbered(6).map((group, i) => [group, i < 5 ? [`g${i + 1}@example.com`] : []]),
  )
  const workspace = await openWorkspace(t, {
    ...chain,
    [ERIN]: ['g1@example.com'],
    'deep@example.com': ['g0@example.com'],
    'wide@example.com': Array.from({ length: 501 }, (_, i) => `w${i}@example.com`),
  })
  workspace.isEnterprise = false
  const { groups } = openLookup(workspace, { membership: 'auto' })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), groupsOf(...numbered(6).slice(1)))
  assert.deepEqual(await groups.groupsOf('deep@example.com', AT_SIGN_IN), failed('too_many_groups'))
  assert.deepEqual(await groups.groupsOf('wide@example.com', AT_SIGN_IN), failed('too_many_groups'))
})

test('auto: a person whom the search may not find for want of a role is not walked either', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  workspace.hasRole = false
  const { groups } = openLookup(workspace, { membership: 'auto' })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), failed('role_missing'))
})

test('check: only the named groups are asked about, nested ones included', async t => {
  const nested = {
    [ERIN]: ['eng@example.com'],
    'eng@example.com': ['all@example.com'],
    'ana@example.com': ['ops@example.com'],
  }
  const workspace = await openWorkspace(t, nested)
  const named = ['all@example.com', 'ops@example.com', 'All@example.com', 'no address']
  const { groups } = openLookup(workspace, { membership: 'check', named })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), groupsOf('all@example.com'))

  assert.deepEqual(
    workspace.asked
      .filter(line => line.includes(DIRECTORY_HOST))
      .map(line => line.slice(4))
      .toSorted(),
    ['all', 'ops'].map(
      name =>
        `${DIRECTORY_HOST}/admin/directory/v1/groups/${name}%40example.com/hasMember/erin%40example.com`,
    ),
  )
})

test('check: a named group that does not exist fails the look-up', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  const { groups } = openLookup(workspace, {
    membership: 'check',
    named: ['eng@example.com', 'gone@example.com'],
  })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), failed('user_not_in_directory'))
})
