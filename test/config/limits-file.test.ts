// The file of `limits apply`: what it may say, and how its faults are told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeLimits, readLimitsFile } from '../../app/config/limits-file.ts'
import { readLocalFile } from '../../app/config/local-file.ts'
import { problemReport } from '../../app/config/problems.ts'

function reportOf(text: string): string[] {
  const file = judgeLimits(text)
  assert.ok(file.kind === 'refused')
  return problemReport('caps.yaml', file.problems).trimEnd().split('\n')
}

test('amounts are dollars, read from their text: what a double would change is kept', () => {
  const file = judgeLimits(`spend_limits:
  - { organization: true, amount: 500 }
  - { group: eng, period: monthly, amount: 12.10, pool: 90071992547409.93 }
  - { group: ops, amount: unlimited, pool: none }
  - { user: 0oa1, period: daily, amount: "0.29" }
`)

  assert.ok(file.kind === 'read')
  assert.deepEqual(
    file.limits.map(({ path, ...limit }) => limit),
    [
      { scope: { type: 'organization' }, period: 'monthly', amount: '50000', pool: null },
      {
        ...{ scope: { type: 'rbac_group', rbac_group_id: 'eng' }, period: 'monthly' },
        ...{ amount: '1210', pool: '9007199254740993' },
      },
      { scope: { type: 'rbac_group', rbac_group_id: 'ops' }, period: 'monthly', amount: null, pool: null },
      { scope: { type: 'user', user_id: '0oa1' }, period: 'daily', amount: '29', pool: null },
    ],
  )
})

test('an empty list is a file: with --prune it takes every limit away', () => {
  const file = judgeLimits('spend_limits: []\n')

  assert.deepEqual(file.kind === 'read' && file.limits, [])
})

test('everything that is wrong is told at once, with line, problem and fix', () => {
  const report = reportOf(`spend_limits:
  - { organization: true, amount: 12.105 }
  - { user: 0oa1, group: eng, amount: 1 }
  - { group: 42, amount: 1 }
  - { user: 0oa1, period: yearly, amount: "$5" }
  - { user: 0oa1, amuont: 5 }
spend_limit: []
`)

  assert.deepEqual(report, [
    'gatehouse: 7 problems in caps.yaml',
    '  line 2, column 35  spend_limits[0].amount: "12.105", needs US dollars with at most two decimals, such as 12.10, or unlimited.',
    '      Fix: write digits and a point, without sign, currency and separators.',
    '  line 4, column 14  spend_limits[2].group: the number 42, needs a text.',
    '      Fix: quote it.',
    '  line 5, column 27  spend_limits[3].period: "yearly", needs one of daily, weekly, monthly.',
    '  line 5, column 43  spend_limits[3].amount: "$5", needs US dollars with at most two decimals, such as 12.10, or unlimited.',
    '      Fix: write digits and a point, without sign, currency and separators.',
    '  line 6, column 5  spend_limits[4].amount: missing.',
    '      Fix: add `amount: 500`.',
    '  line 6, column 19  spend_limits[4].amuont: unknown key. Did you mean amount?',
    '  line 7, column 1  spend_limit: unknown key. Did you mean spend_limits?',
  ])
})

test('a limit is for one of user, group and organization, stands once, and only a month of a group has a pool', () => {
  const report = reportOf(`spend_limits:
  - { user: 0oa1, group: eng, amount: 1 }
  - { amount: 1 }
  - { group: eng, period: daily, amount: 1, pool: 5 }
  - { organization: true, amount: 1, pool: 5 }
  - { organization: true, amount: 2 }
  - { user: 0oa1, organization: false, amount: 1 }
`)

  assert.deepEqual(report, [
    'gatehouse: 6 problems in caps.yaml',
    '  line 2, column 5  spend_limits[0]: one of user, group and organization: true says whom the limit is for.',
    '      Fix: give one of them, and write a limit for each.',
    '  line 3, column 5  spend_limits[1]: one of user, group and organization: true says whom the limit is for.',
    '      Fix: give one of them, and write a limit for each.',
    '  line 4, column 51  spend_limits[2].pool: only the monthly limit of a group has a shared budget.',
    '  line 5, column 44  spend_limits[3].pool: only the monthly limit of a group has a shared budget.',
    '  line 6, column 5  spend_limits[4]: the monthly limit of organization stands in spend_limits[3] already.',
    '      Fix: keep one of them.',
    '  line 7, column 33  spend_limits[5].organization: is true or not there.',
    '      Fix: remove it.',
  ])
})

test('a file without a list, an empty one, one that is no YAML and one that is not there are refused', () => {
  assert.deepEqual(reportOf('{}\n').slice(1), [
    '  line 1, column 1  spend_limits: missing.',
    '      Fix: add `spend_limits: [{ organization: true, amount: 500 }]`.',
  ])
  assert.deepEqual(reportOf('\n').slice(1), [
    '  line 1, column 1  the file is empty: a list of limits is needed.',
  ])
  assert.deepEqual(reportOf('spend_limits: 5\n').slice(1), [
    '  line 1, column 15  spend_limits: the number 5, needs a list.',
  ])
  assert.match(reportOf('spend_limits: [\n').join('\n'), /line \d+, column \d+ {2}not YAML: /)
  const absent = readLimitsFile('no/such.yaml', readLocalFile)
  assert.deepEqual(
    absent.kind === 'refused' && absent.problems[0]?.text,
    'no/such.yaml cannot be read (ENOENT).',
  )
})
