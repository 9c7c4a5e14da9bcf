// From a request to the report: what was metered is what is counted against caps, and what is exported.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AdminRig, openAdmin, READ_KEY } from '../support/admin-rig.ts'
import { runAtGateway } from '../support/gateway-command.ts'
import { ASK, askMessages } from '../support/whole-gateway.ts'

interface UsedRow {
  readonly user_id?: string
  readonly rbac_group_id?: string | null
  readonly requests: number
  readonly spend_nano_usd: string
}

/** What `usage` exports of yesterday and today: midnight may have passed since. */
async function exported({ whole }: AdminRig, groupBy: string): Promise<UsedRow[]> {
  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)
  const days = ['--from', dayOf(Date.now() - 86_400_000), '--to', dayOf(Date.now())]
  const words = ['usage', ...days, '--format', 'json', '--group-by', groupBy]
  const { stdout } = await runAtGateway(words, { origin: whole.gateway.url, key: READ_KEY })
  return JSON.parse(stdout).data
}

/** What the counters of days say that a person spent, in billionths of a dollar. */
async function countedFor(rig: AdminRig, person: string): Promise<bigint> {
  const { rows } = await rig.whole.database.pool.query<{ spent: string }>(
    `select sum(nano_usd) as spent from spend where principal = $1 and period ~ '^\\d{4}-\\d\\d-\\d\\d$'`,
    [person],
  )
  return BigInt(rows[0]?.spent ?? '')
}

test('usage by every grouping is the sum of the counters of spend', async () => {
  await using rig = await openAdmin()
  const [ann, bob] = [await rig.bearer('ann', ['eng', 'ops']), await rig.bearer('bob', [])]
  const asked = [
    [ann, ASK],
    [ann, { ...ASK, stream: true }],
    [ann, { ...ASK, model: 'claude-haiku-4-5' }],
    [bob, ASK],
  ] as const
  for (const [bearer, body] of asked) {
    const { status } = await askMessages(rig.whole.gateway.url, bearer, { body })
    assert.equal(status, 200)
  }

  const [users, groups] = [await exported(rig, 'user'), await exported(rig, 'group')]
  const others = [await exported(rig, 'model'), await exported(rig, 'upstream'), await exported(rig, 'day')]

  const [annSpent, bobSpent] = [await countedFor(rig, 'ann'), await countedFor(rig, 'bob')]
  assert.ok(annSpent > bobSpent && bobSpent > 0n)
  assert.deepEqual(
    users.map(row => [row.user_id, row.requests, BigInt(row.spend_nano_usd)]),
    [
      ['ann', 3, annSpent],
      ['bob', 1, bobSpent],
    ],
  )
  assert.deepEqual(
    groups.map(row => [row.rbac_group_id, row.requests, BigInt(row.spend_nano_usd)]),
    [
      [null, 1, bobSpent],
      ['eng', 3, annSpent],
      ['ops', 3, annSpent],
    ],
  )
  const totals = others.map(rows => rows.reduce((sum, row) => sum + BigInt(row.spend_nano_usd), 0n))
  assert.deepEqual(totals, Array(3).fill(annSpent + bobSpent))
})
