import assert from 'node:assert/strict'
import { test } from 'node:test'
import { daysBetween, isDay } from '../../app/lib/day.ts'

test('a day is one of the calendar, in one spelling', () => {
  const days = ['2026-11-22', '2024-02-29', '2026-12-31', '0001-01-01']
  const others = [
    '2026-02-29',
    '2026-02-30',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    '26-01-01',
    '2026-11-22 ',
    '',
  ]

  assert.deepEqual(days.filter(isDay), days)
  assert.deepEqual(others.filter(isDay), [])
})

test('days are counted with both ends', () => {
  assert.equal(daysBetween('2026-11-22', '2026-11-22'), 1)
  assert.equal(daysBetween('2024-02-28', '2024-03-01'), 3)
  assert.equal(daysBetween('2026-11-02', '2026-11-01'), 0)
})
