// The words of the commands that ask a running gateway.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from '../../app/config/arguments.ts'

const gateway = { url: null, keyFile: null }

function problemsOf(command: string, rows: readonly (readonly [string, string])[]): void {
  for (const [words, problem] of rows)
    assert.deepEqual(readArguments([command, ...words.split(' ').filter(Boolean)]), {
      kind: 'wrong',
      problem,
    })
}

test('limits set takes dollars and says cents', () => {
  const words =
    'limits set --group eng --amount 12.10 --pool=5000 --reason x --url https://g --key-file k --json'

  assert.deepEqual(readArguments(words.split(' ')), {
    ...{ kind: 'limits', gateway: { url: 'https://g', keyFile: 'k' }, json: true, action: 'set' },
    ...{ scope: { type: 'rbac_group', rbac_group_id: 'eng' }, exact: false, period: 'monthly' },
    ...{ amount: '1210', pool: '500000', reason: 'x' },
  })
  const personal = 'limits set --user a@b --exact --amount unlimited --period daily'.split(' ')
  assert.deepEqual(readArguments(personal), {
    ...{ kind: 'limits', gateway, json: false, action: 'set', scope: { type: 'user', user_id: 'a@b' } },
    ...{ exact: true, period: 'daily', amount: null, pool: undefined, reason: null },
  })
  const poolless = readArguments('limits set --group eng --amount 1 --pool none'.split(' '))
  assert.equal('pool' in poolless && poolless.pool, null)
})

test('limits delete names a limit by its id, or whom and for which period', () => {
  const common = { kind: 'limits', gateway, json: false, action: 'delete', exact: false }

  assert.deepEqual(readArguments(['limits', 'delete', '--id', 'spl_1']), { ...common, id: 'spl_1' })
  assert.deepEqual(readArguments(['limits', 'delete', '--organization', '--period', 'weekly']), {
    ...{ ...common, id: null, scope: { type: 'organization' }, period: 'weekly' },
  })
})

test('what is wrong with limits is said', () => {
  const amount = 'US dollars with at most two decimals such as 12.10, or unlimited'
  problemsOf('limits', [
    ['', 'limits needs one of list, set, delete, effective, audit, pools, apply'],
    ['constructor', 'limits needs one of list, set, delete, effective, audit, pools, apply'],
    ['list --scope team', '--scope is user, group or organization'],
    ['set --amount 1', 'limits set needs one of --user SUBJECT, --group NAME, --organization'],
    [
      'set --user a --group b --amount 1',
      'limits set needs one of --user SUBJECT, --group NAME, --organization',
    ],
    ['set --user a', `limits set needs --amount, ${amount}`],
    ['set --user a --amount 12.105', `--amount needs ${amount}`],
    ['set --user a --amount -5', `--amount needs ${amount}`],
    ['set --user a --amount 1,000', `--amount needs ${amount}`],
    ['set --user a --amount 1 --period yearly', '--period is one of daily, weekly, monthly'],
    ['set --user a --amount 1 --pool 5', '--pool is for the monthly limit of a --group'],
    ['set --group a --amount 1 --pool 5 --period daily', '--pool is for the monthly limit of a --group'],
    [
      'set --group a --amount 1 --pool x',
      '--pool needs US dollars with at most two decimals such as 5000, or none',
    ],
    ['set --user a --amount 1 --key secret', 'limits set does not know --key'],
    ['delete', 'limits delete needs one of --user SUBJECT, --group NAME, --organization, or --id ID'],
    ['delete --id a --user b', '--id says which limit: --user has no place beside it'],
    ['effective --user a --search b', 'give --user or --search, not both'],
    ['audit --limit 0', '--limit is a number from 1 to 100000'],
    ['apply', 'limits apply needs a file first: limits apply caps.yaml'],
    ['apply --plan', 'limits apply needs a file first: limits apply caps.yaml'],
    ['apply f --plan --yes', '--plan changes nothing: --yes has no place beside it'],
  ])
})

test('usage needs two days of the calendar, in order, and what to group by', () => {
  const days = '--from 2026-11-01 --to 2026-11-30'
  assert.deepEqual(readArguments(`usage ${days} --group-by model`.split(' ')), {
    ...{ kind: 'usage', gateway, from: '2026-11-01', to: '2026-11-30', groupBy: 'model', format: 'csv' },
  })
  problemsOf('usage', [
    ['--from 2026-11-01', 'usage needs --from DATE and --to DATE'],
    ['--from 2026-02-30 --to 2026-11-30', '--from needs a day such as 2026-11-01'],
    ['--from 2026-11-01 --to today', '--to needs a day such as 2026-11-01'],
    ['--from 2026-11-02 --to 2026-11-01', '--to is before --from'],
    [days, 'usage needs --group-by, one of user, group, model, upstream, day'],
    [`${days} --group-by team`, 'usage needs --group-by, one of user, group, model, upstream, day'],
    [`${days} --group-by user --format xml`, '--format is csv or json'],
  ])
})

test('forget needs a subject, and erases names unless told to erase all', () => {
  assert.deepEqual(readArguments(['forget', '--sub', '0oa1']), {
    ...{ kind: 'forget', gateway, sub: '0oa1', mode: 'identity', exact: false, json: false },
  })
  problemsOf('forget', [
    ['', 'forget needs --sub SUBJECT'],
    ['--sub a --mode all', '--mode is identity or full'],
  ])
})
