// Whoever may read asks for reports without end: they leave the store to everybody else.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AdminRig, assertAdminRefusal, LIMITS, openAdmin, READ_KEY } from '../support/admin-rig.ts'
import { NOW } from '../support/spend-rows.ts'

let rig: AdminRig
before(async () => {
  rig = await openAdmin({ clock: () => NOW })
})
after(() => rig[Symbol.asyncDispose]())

const key = READ_KEY
const EFFECTIVE = `${LIMITS}/effective`

test('of searches and rankings of everybody two run at once, and those by name and page are not counted', async () => {
  const lock = await rig.whole.database.pool.connect()
  try {
    await lock.query('begin; lock table spend in access exclusive mode')
    const long = ['?q=a', '?sort=spend_desc&period[]=daily'].map(query =>
      rig.call('GET', `${EFFECTIVE}${query}`, { key }),
    )
    const short = ['?user_ids[]=s1&q=a', ''].map(query => rig.call('GET', `${EFFECTIVE}${query}`, { key }))
    await locksAwaited(4)

    const third = await rig.call('GET', `${EFFECTIVE}?q=b`, { key })

    assertAdminRefusal(third, 503, 'api_error', 'other reports are running; try again')
    await lock.query('rollback')
    const answers = await Promise.all([...long, ...short])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    )
    const next = await rig.call('GET', `${EFFECTIVE}?q=b`, { key })
    assert.equal(next.status, 200)
  } finally {
    lock.release()
  }
})

async function locksAwaited(count: number): Promise<void> {
  for (let look = 0; look < 1000; look += 1) {
    const { rows } = await rig.whole.database.pool.query(
      `select 1 from pg_locks where not granted and relation = 'spend'::regclass`,
    )
    if (rows.length === count) return
  }
  throw new Error('the reports wait for no lock')
}
