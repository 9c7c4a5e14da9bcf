// A cap that is raised or deleted through the Admin API makes its alerts new ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMITS, openAdmin } from '../support/admin-rig.ts'
import { inWords, NOW, setCap, spend } from '../support/spent.ts'

const USER = { type: 'user', user_id: 'ada' }
const GROUP = { type: 'rbac_group', rbac_group_id: 'eng' }

test('an alert is raised again for a cap that was raised, and for one that was deleted and made anew', async () => {
  await using admin = await openAdmin({ clock: () => NOW })
  const { pool } = admin.whole.database
  const shares = ['0.5']
  await admin.set({ scope: USER, amount: '1000' })

  const raised = [await spend(pool, { principal: 'ada', cents: 500, shares })]
  const { id } = await admin.set({ scope: USER, amount: '2000' })
  raised.push(await spend(pool, { principal: 'ada', cents: 500, shares }))
  await admin.done('DELETE', `${LIMITS}/${id}`)
  await admin.set({ scope: USER, amount: '2000' })
  raised.push(await spend(pool, { principal: 'ada', cents: 1, shares }))

  assert.deepEqual(
    raised.map(alerts => alerts.map(inWords)),
    [
      ['user:ada 2026-11 0.5 of 1000 at 500'],
      ['user:ada 2026-11 0.5 of 2000 at 1000'],
      ['user:ada 2026-11 0.5 of 2000 at 1001'],
    ],
  )
})

test('an alert of a shared budget is raised again when the budget was raised', async () => {
  await using admin = await openAdmin({ clock: () => NOW })
  const { pool } = admin.whole.database
  const spending = { principal: 'ada', groups: ['eng'], cents: 500, shares: ['0.5'] }
  await admin.set({ scope: GROUP, amount: null, pooled_budget: { amount: '1000' } })

  const first = await spend(pool, spending)
  await admin.set({ scope: GROUP, amount: null, pooled_budget: { amount: '2000' } })
  const second = await spend(pool, spending)

  assert.deepEqual(
    [first, second].map(alerts => alerts.map(inWords)),
    [['pool:eng 2026-11 0.5 of 1000 at 500'], ['pool:eng 2026-11 0.5 of 2000 at 1000']],
  )
})

test('a change that fails makes no alert a new one', async () => {
  await using admin = await openAdmin({ clock: () => NOW })
  const { pool } = admin.whole.database
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  await spend(pool, { principal: 'ada', cents: 500 })
  await pool.query('alter table admin_audit rename to hidden')

  const answer = await admin.call('POST', LIMITS, { body: { scope: USER, amount: '5000' } })

  const { rows } = await pool.query('select rearmed_at from spend_alerts')
  assert.deepEqual([answer.status >= 500, rows], [true, [{ rearmed_at: null }]])
})
