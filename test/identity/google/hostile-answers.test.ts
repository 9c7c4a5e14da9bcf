// What is not the documented answer is a failed look-up, never fewer groups.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AT_SIGN_IN, openLookup } from '../../support/google-lookup.ts'
import type { Reply } from '../../support/google-tokens.ts'
import { openWorkspace } from '../../support/google-workspace.ts'

const ERIN = 'erin@example.com'
const KIND = 'admin#directory#groups'
const page = (body: unknown): Reply => ({ status: 200, body })

async function answeredWith(t: TestContext, host: string, ...replies: readonly Reply[]) {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  workspace.faults.set(`${host}.googleapis.com`, [...replies])
  const membership = host === 'cloudidentity' ? 'transitive' : 'direct'
  return openLookup(workspace, { membership }).groups.groupsOf(ERIN, AT_SIGN_IN)
}

test('a page of another shape fails the look-up, and so does a good page before a bad one', async t => {
  const good = page({ kind: KIND, groups: [{ email: 'all@example.com' }], nextPageToken: 'next' })
  const odd: unknown[] = [
    '<html>sign in to the network</html>',
    [],
    null,
    {},
    { kind: 'admin#directory#users' },
    { kind: KIND, error: { code: 500 } },
    { groups: [{ email: 'eng@example.com' }], error: 'half of it' },
    { kind: KIND, groups: null },
    { kind: KIND, groups: {} },
    { kind: KIND, groups: ['eng@example.com'] },
    { kind: KIND, groups: [{ name: 'eng' }] },
    { kind: KIND, groups: [{ email: 'eng@example.com' }, { email: 'no address' }] },
    { kind: KIND, groups: [{ email: 'a@b@c' }] },
    { kind: KIND, groups: [], nextPageToken: 7 },
  ]

  for (const body of odd) {
    const failed = { kind: 'failed', reason: 'google_bad_answer' }
    assert.deepEqual(await answeredWith(t, 'admin', page(body)), failed, JSON.stringify(body))
    assert.deepEqual(await answeredWith(t, 'admin', good, page(body)), failed, JSON.stringify(body))
  }
})

test('a page that leads to itself, or in a circle, is not followed for ever', async t => {
  const to = (nextPageToken: string) =>
    page({ kind: KIND, groups: [{ email: 'eng@example.com' }], nextPageToken })

  const failed = { kind: 'failed', reason: 'google_bad_answer' }
  assert.deepEqual(await answeredWith(t, 'admin', to('a'), to('a')), failed)
  assert.deepEqual(await answeredWith(t, 'admin', to('a'), to('b'), to('a')), failed)
})

test('an answer longer than any page is not read to its end', async t => {
  const huge = { kind: KIND, groups: [{ email: 'eng@example.com', padding: 'x'.repeat(5_000_000) }] }

  assert.deepEqual(await answeredWith(t, 'admin', page(huge)), {
    kind: 'failed',
    reason: 'google_unavailable',
  })
})

test('a search that answers another shape fails the look-up; an empty one is none', async t => {
  const odd: unknown[] = [
    { memberships: [{ group: 'groups/1' }] },
    { memberships: [{ groupKey: { id: '' } }] },
    { memberships: 'none' },
    { error: { code: 13 } },
  ]

  for (const body of odd)
    assert.deepEqual(await answeredWith(t, 'cloudidentity', page(body)), {
      kind: 'failed',
      reason: 'google_bad_answer',
    })
  assert.deepEqual(await answeredWith(t, 'cloudidentity', page({})), {
    kind: 'groups',
    groups: [],
    stale: false,
  })
})

test('a redirect of Google’s is followed nowhere', async t => {
  assert.deepEqual(await answeredWith(t, 'admin', { status: 302, body: '' }), {
    kind: 'failed',
    reason: 'google_unavailable',
  })
})

test('what stands in the place of a token is no token', async t => {
  const odd = [
    {},
    { accessToken: '', expireTime: '2030-01-01T00:00:00Z' },
    { accessToken: 'a b', expireTime: '2030-01-01T00:00:00Z' },
    { accessToken: 'a', expireTime: 'soon' },
  ]

  for (const body of odd)
    assert.deepEqual(await answeredWith(t, 'iamcredentials', page(body)), {
      kind: 'failed',
      reason: 'google_bad_answer',
    })
})
