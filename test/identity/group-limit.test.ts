import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitGroups, MAX_GROUP_BYTES } from '../../app/identity/group-limit.ts'

test('groups that fit into a bearer are kept as they are', () => {
  assert.deepEqual(limitGroups(['b', 'a'], new Set(['a'])), { groups: ['b', 'a'], dropped: 0 })
})

test('ten thousand groups are cut to 32 KiB, and the groups that somebody named survive', () => {
  const groups = Array.from({ length: 10_000 }, (_, index) => `group-${index}-ü`)

  const limited = limitGroups(groups, new Set(['group-9999-ü', 'group-5000-ü', 'unheard-of']))

  const bytes = Buffer.byteLength(JSON.stringify(limited.groups))
  assert.deepEqual(limited.groups.slice(0, 3), ['group-5000-ü', 'group-9999-ü', 'group-0-ü'])
  assert.equal(limited.groups.length + limited.dropped, 10_000)
  assert.ok(bytes <= MAX_GROUP_BYTES && bytes > MAX_GROUP_BYTES - 20, `${bytes} bytes`)
})
