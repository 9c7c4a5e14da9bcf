// What is remembered of an answer, for how long, for whom, and what an outage makes of it (S-42, S-44).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AT_REFRESH, AT_SIGN_IN, openLookup } from '../../support/google-lookup.ts'
import { refusal } from '../../support/google-tokens.ts'
import { openWorkspace, type Workspace } from '../../support/google-workspace.ts'
import { createDatabase } from '../../support/postgres.ts'

const ERIN = 'erin@example.com'
const HOST = 'admin.googleapis.com'
const FRESH = { kind: 'groups', groups: ['eng@example.com'], stale: false }
const STALE = { ...FRESH, stale: true }
const UNAVAILABLE = { kind: 'failed', reason: 'google_unavailable' }
const lookups = ({ asked }: Workspace) => asked.filter(line => line.includes(HOST)).length

test('an answer is as good as a new one for cache_seconds, whatever the case of the address', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  const { groups, pass } = openLookup(workspace)
  await groups.groupsOf(ERIN, AT_SIGN_IN)
  workspace.members.set(ERIN, [])

  pass(299)
  assert.deepEqual(await groups.groupsOf('Erin@Example.com', AT_SIGN_IN), FRESH)
  pass(2)

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), { ...FRESH, groups: [] })
  assert.equal(lookups(workspace), 2)
})

test('everybody who asks about one person meanwhile shares one look-up', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  const { groups } = openLookup(workspace)

  const answers = await Promise.all(Array.from({ length: 20 }, () => groups.groupsOf(ERIN, AT_SIGN_IN)))

  assert.deepEqual(new Set(answers.map(answer => JSON.stringify(answer))), new Set([JSON.stringify(FRESH)]))
  assert.equal(lookups(workspace), 1)
})

test('sixteen people are looked up at a time, and the others wait for their turn', async t => {
  const people = Array.from({ length: 20 }, (_, i) => `p${i}@example.com`)
  const workspace = await openWorkspace(
    t,
    Object.fromEntries(people.map(person => [person, ['eng@example.com']])),
  )
  const { groups } = openLookup(workspace)
  await groups.groupsOf('p0@example.com', AT_SIGN_IN) // the token is there
  const held = workspace.hold(HOST)

  const answers = Promise.all(people.slice(1).map(person => groups.groupsOf(person, AT_SIGN_IN)))
  await held.untilAsked(16)
  assert.equal(held.waiting, 16)
  held.release()

  assert.deepEqual(new Set((await answers).map(({ kind }) => kind)), new Set(['groups']))
  assert.equal(lookups(workspace), 20)
})

test('in an outage a refresh goes on with the last known groups, marked, for stale_seconds; a sign-in does not', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  const { groups, pass } = openLookup(workspace)
  await groups.groupsOf(ERIN, AT_SIGN_IN)
  workspace.outages.set(HOST, refusal(500, 'INTERNAL'))

  pass(301)
  assert.deepEqual(await groups.groupsOf(ERIN, AT_REFRESH), STALE)
  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), UNAVAILABLE)
  assert.deepEqual(await groups.groupsOf('ana@example.com', AT_REFRESH), UNAVAILABLE)
  pass(3300)

  assert.deepEqual(await groups.groupsOf(ERIN, AT_REFRESH), UNAVAILABLE)
})

test('a page that is missing in an outage does not shorten what is remembered', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com', 'all@example.com'] })
  const { groups, pass } = openLookup(workspace)
  await groups.groupsOf(ERIN, AT_SIGN_IN)
  workspace.pageSize = 1
  const first = { kind: 'admin#directory#groups', groups: [{ email: 'eng@example.com' }], nextPageToken: '1' }
  workspace.faults.set(HOST, [{ status: 200, body: first }, refusal(500, 'INTERNAL')])

  pass(301)

  const whole = { ...STALE, groups: ['eng@example.com', 'all@example.com'] }
  assert.deepEqual(await groups.groupsOf(ERIN, AT_REFRESH), whole)
})

test('somebody who left the directory is not bridged over, and is forgotten by every replica', async t => {
  await using database = await createDatabase()
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  const { groups, pass } = openLookup(workspace, { pool: database.pool })
  await groups.groupsOf(ERIN, AT_SIGN_IN)
  workspace.members.delete(ERIN)

  pass(301)
  await database.pool.query(`update google_group_cache set fetched_at = now() - interval '301 seconds'`)
  const gone = { kind: 'failed', reason: 'user_not_in_directory' }
  assert.deepEqual(await groups.groupsOf(ERIN, AT_REFRESH), gone)
  workspace.outages.set(HOST, refusal(500, 'INTERNAL'))

  assert.deepEqual(await groups.groupsOf(ERIN, AT_REFRESH), UNAVAILABLE)
  const { rows } = await database.pool.query('select * from google_group_cache')
  assert.deepEqual(rows, [])
})

test('replicas share answers through the store, which holds no address of a person', async t => {
  await using database = await createDatabase()
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  const [first, second] = [0, 1].map(() => openLookup(workspace, { pool: database.pool }))

  assert.deepEqual(await first?.groups.groupsOf(ERIN, AT_SIGN_IN), FRESH)
  assert.deepEqual(await second?.groups.groupsOf(ERIN, AT_SIGN_IN), FRESH)

  assert.equal(lookups(workspace), 1)
  const { rows } = await database.pool.query<{ row: string }>(
    'select c::text as row from google_group_cache c',
  )
  assert.equal(rows.length, 1)
  assert.ok(!rows[0]?.row.includes('erin'))
})

test('a replica that was restarted in an outage goes on with what the store remembers', async t => {
  await using database = await createDatabase()
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  await openLookup(workspace, { pool: database.pool }).groups.groupsOf(ERIN, AT_SIGN_IN)
  await database.pool.query(`update google_group_cache set fetched_at = now() - interval '301 seconds'`)
  workspace.outages.set(HOST, refusal(500, 'INTERNAL'))

  const { groups } = openLookup(workspace, { pool: database.pool })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_REFRESH), STALE)
})

test('without the store groups are looked up all the same, and the log says once what is missing', async t => {
  await using database = await createDatabase()
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  await database.pool.query('drop table google_group_cache')
  const { groups, log } = openLookup(workspace, { pool: database.pool })

  assert.deepEqual(await groups.groupsOf(ERIN, AT_SIGN_IN), FRESH)

  assert.deepEqual(log.lines.slice(1), [
    'warn the store cannot share the groups of Google {"cause":"relation \\"google_group_cache\\" does not exist"}',
  ])
})
