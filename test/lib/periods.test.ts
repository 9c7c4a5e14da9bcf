// Days, ISO weeks and months: their keys, and where they begin and end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PERIODS, periodsAt } from '../../app/lib/periods.ts'

const keysAt = (moment: string) => {
  const periods = periodsAt(Date.parse(moment))
  return PERIODS.map(period => periods[period].key).join(' ')
}

test('a week is named after the year of its Thursday', () => {
  assert.equal(keysAt('2026-11-22T23:59:59.999Z'), '2026-11-22 2026-W47 2026-11')
  assert.equal(keysAt('2026-12-31T00:00:00Z'), '2026-12-31 2026-W53 2026-12')
  assert.equal(keysAt('2027-01-03T12:00:00Z'), '2027-01-03 2026-W53 2027-01')
  assert.equal(keysAt('2027-01-04T00:00:00Z'), '2027-01-04 2027-W01 2027-01')
  assert.equal(keysAt('2024-12-30T05:00:00Z'), '2024-12-30 2025-W01 2024-12')
})

test('a period begins at midnight in UTC, and ends where the next begins', () => {
  const { daily, weekly, monthly } = periodsAt(Date.parse('2026-12-31T18:30:00Z'))
  const texts = [daily, weekly, monthly].map(({ startsAt, endsAt }) =>
    [startsAt, endsAt].map(at => new Date(at).toISOString()).join(' '),
  )

  assert.deepEqual(texts, [
    '2026-12-31T00:00:00.000Z 2027-01-01T00:00:00.000Z',
    '2026-12-28T00:00:00.000Z 2027-01-04T00:00:00.000Z',
    '2026-12-01T00:00:00.000Z 2027-01-01T00:00:00.000Z',
  ])
})

test('every moment lies in its periods, and the last of one is followed by the first of another', () => {
  const moments = fc.integer({ min: Date.UTC(1999, 0), max: Date.UTC(2199, 0) })
  fc.assert(
    fc.property(moments, now => {
      const periods = periodsAt(now)
      for (const period of PERIODS) {
        const { key, startsAt, endsAt } = periods[period]
        assert.ok(startsAt <= now && now < endsAt)
        assert.equal(periodsAt(startsAt)[period].key, key)
        assert.equal(periodsAt(endsAt - 1)[period].key, key)
        assert.notEqual(periodsAt(endsAt)[period].key, key)
        assert.equal(periodsAt(endsAt)[period].startsAt, endsAt)
      }
    }),
  )
})
