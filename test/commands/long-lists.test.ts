// What stands on several pages of the Admin API is one list at the terminal.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAdmin, READ_KEY } from '../support/admin-rig.ts'
import { runAtGateway } from '../support/gateway-command.ts'

test('limits, the audit and people are read to their end, each once', async () => {
  await using rig = await openAdmin()
  const { pool } = rig.whole.database
  await pool.query(`
    insert into spend_limits (id, scope_type, scope_id, period, amount, created_by)
    select 'spl_' || lpad(to_hex(n), 32, '0'), 'user', 's' || n, 'monthly', n, 'admin-key:terraform'
      from generate_series(1, 2001) as n`)
  await pool.query(`
    insert into admin_audit (actor, action, target, request_id)
    select 'admin-key:terraform', 'spend_limit.delete', n::text, 'r' from generate_series(1, 2001) as n`)
  await pool.query(`
    insert into spend (principal, period, period_start)
    select 's' || n, '2026-11', '2026-11-01' from generate_series(1, 201) as n`)
  const rowsOf = async (words: string): Promise<Record<string, unknown>[]> => {
    const given = { origin: rig.whole.gateway.url, key: READ_KEY }
    const { code, stdout } = await runAtGateway(['limits', ...words.split(' '), '--json'], given)
    assert.equal(code, 0)
    return JSON.parse(stdout).data
  }

  const limits = await rowsOf('list')
  const events = await rowsOf('audit --limit 1500')
  const all = await rowsOf('audit --limit 100000')
  const people = await rowsOf('effective --period monthly')

  assert.deepEqual([limits.length, new Set(limits.map(({ id }) => id)).size], [2001, 2001])
  assert.deepEqual(
    [events.length, events[0]?.['target_id'], events.at(-1)?.['target_id']],
    [1500, '2001', '502'],
  )
  assert.equal(all.length, 2001)
  const subjects = people.map(({ scope }) => (scope as { user_id: string }).user_id)
  assert.deepEqual([subjects.length, new Set(subjects).size], [201, 201])
})
