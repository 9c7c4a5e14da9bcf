import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GenerationStep, nextStep } from '../../app/session/generation.ts'
import type { StoredRefresh } from '../../app/store/session-refresh.ts'

const GRACE = 60

function row(gen: number, facts: Partial<StoredRefresh> = {}): StoredRefresh {
  return { gen, sealed: 'sealed', sharedSecondsAgo: 3600, isLeased: false, ...facts }
}

const CASES: readonly (readonly [string, StoredRefresh | null, number, GenerationStep])[] = [
  ['the row was swept meanwhile', null, 4, 'claim'],
  ['the same generation is being renewed', row(4, { isLeased: true }), 4, 'wait'],
  ['an older generation is being renewed', row(3, { isLeased: true }), 4, 'wait'],
  [
    'the same generation was renewed without rotation a moment ago',
    row(4, { sharedSecondsAgo: 10 }),
    4,
    'share',
  ],
  ['the same generation was renewed longer ago', row(4, { sharedSecondsAgo: 10.1 }), 4, 'claim'],
  ['the same generation was tried in vain', row(4, { sealed: null, sharedSecondsAgo: null }), 4, 'claim'],
  ['an older generation was tried in vain', row(3), 4, 'claim'],
  ['the next generation is within the grace', row(5, { sharedSecondsAgo: 60 }), 4, 'share'],
  [
    'the next generation is being renewed, within the grace',
    row(5, { sharedSecondsAgo: 9, isLeased: true }),
    4,
    'share',
  ],
  ['the grace is over', row(5, { sharedSecondsAgo: 60.1 }), 4, 'reuse'],
  ['the next generation was never shared', row(5, { sealed: null, sharedSecondsAgo: null }), 4, 'reuse'],
  ['two generations passed, however quickly', row(6, { sharedSecondsAgo: 0 }), 4, 'reuse'],
]

for (const [what, stored, presented, step] of CASES) {
  test(`a refresh token without a lease is to ${step} when ${what}`, () => {
    assert.equal(nextStep(stored, presented, GRACE), step)
  })
}

test('without a grace the previous generation is reuse at once', () => {
  assert.equal(nextStep(row(5, { sharedSecondsAgo: 0.2 }), 4, 0), 'reuse')
})
