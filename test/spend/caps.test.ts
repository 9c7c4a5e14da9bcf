// Which cap holds in a period: one's own, else one of the groups', else everybody's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CapRow, effectiveCaps, type GroupLimitMode } from '../../app/spend/caps.ts'
import { rowOf } from '../support/standings.ts'

const own = (cents: bigint | null) => rowOf({ limitId: 'own', scope: 'user', cents })
const all = (cents: bigint | null) => rowOf({ limitId: 'all', scope: 'organization', cents })
const group = (name: string, cents: bigint | null) =>
  rowOf({ limitId: `of ${name}`, scope: 'rbac_group', scopeId: name, cents })

/** Which row holds for the month, in any order of the rows, and what it says. */
function holds(rows: readonly CapRow[], mode: GroupLimitMode = 'min') {
  const cap = effectiveCaps(rows, mode).monthly
  assert.deepEqual(effectiveCaps(rows.toReversed(), mode).monthly, cap)
  return cap === null ? null : [cap.limitId, cap.source, cap.cents]
}

test('without a row there is no cap', () => {
  assert.equal(holds([]), null)
})

test('one’s own row goes before those of groups, and they before everybody’s', () => {
  assert.deepEqual(holds([own(9n), group('eng', 5n), all(1n)]), ['own', 'user', 9n])
  assert.deepEqual(holds([group('eng', 5n), all(1n)]), ['of eng', 'rbac_group:eng', 5n])
  assert.deepEqual(holds([all(1n)]), ['all', 'organization', 1n])
})

test('an unlimited row ends the search at its tier', () => {
  assert.deepEqual(holds([own(null), group('eng', 5n), all(1n)]), ['own', 'user', null])
  assert.deepEqual(holds([group('eng', null), all(1n)]), ['of eng', 'rbac_group:eng', null])
})

test('a row of 0 is a row', () => {
  assert.deepEqual(holds([own(0n), all(1n)]), ['own', 'user', 0n])
})

test('of several groups the smallest amount holds, or with max the largest', () => {
  const groups = [group('eng', 5n), group('ops', 7n), group('qa', 6n)]

  assert.deepEqual(holds(groups, 'min'), ['of eng', 'rbac_group:eng', 5n])
  assert.deepEqual(holds(groups, 'max'), ['of ops', 'rbac_group:ops', 7n])
})

test('an unlimited group is passed over by min unless it is alone, and wins under max', () => {
  const groups = [group('eng', 5n), group('ops', null)]

  assert.deepEqual(holds(groups, 'min'), ['of eng', 'rbac_group:eng', 5n])
  assert.deepEqual(holds(groups, 'max'), ['of ops', 'rbac_group:ops', null])
  assert.deepEqual(holds([group('ops', null)], 'min'), ['of ops', 'rbac_group:ops', null])
})

test('of equal groups the name that sorts first holds, as the bytes of UTF-8 sort', () => {
  for (const mode of ['min', 'max'] as const) {
    assert.deepEqual(holds([group('b', 5n), group('a', 5n)], mode)?.[0], 'of a')
    assert.deepEqual(holds([group('\u{1f600}', 5n), group('\uff21', 5n)], mode)?.[0], 'of \uff21')
    assert.deepEqual(holds([group('B', null), group('a', null)], mode)?.[0], 'of B')
  }
})

test('each period is looked up for itself', () => {
  const rows = [
    rowOf({ limitId: 'd', period: 'daily', cents: 1n }),
    rowOf({ limitId: 'w', scope: 'rbac_group', scopeId: 'eng', period: 'weekly', cents: 2n }),
    rowOf({ limitId: 'm', scope: 'organization', period: 'monthly', cents: 3n }),
  ]

  assert.deepEqual(effectiveCaps(rows, 'min'), {
    daily: { limitId: 'd', source: 'user', period: 'daily', cents: 1n },
    weekly: { limitId: 'w', source: 'rbac_group:eng', period: 'weekly', cents: 2n },
    monthly: { limitId: 'm', source: 'organization', period: 'monthly', cents: 3n },
  })
})
