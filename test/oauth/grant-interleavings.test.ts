import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pool } from 'pg'
import {
  approveGrant,
  createGrant,
  denyByUserCode,
  denyGrant,
  type GrantPoll,
  pollGrant,
} from '../../app/store/device-grants.ts'
import { createDatabase } from '../support/postgres.ts'

const STEPS = ['poll', 'wait 4 s', 'deny by code', 'deny', 'approve', 'expire'] as const
type Step = (typeof STEPS)[number]

/** What a grant must do, without a database: one pending thing, decided at most once, delivered at most once. */
class Model {
  #state: 'pending' | 'approved' | 'denied' | 'gone' = 'pending'
  #secondsSincePoll = Number.POSITIVE_INFINITY

  take(step: Step): GrantPoll | boolean | null {
    switch (step) {
      case 'poll':
        return this.#poll()
      case 'wait 4 s':
        this.#secondsSincePoll += 4
        return null
      case 'expire':
        this.#state = 'gone'
        return null
      default:
        return this.#decide(step === 'approve' ? 'approved' : 'denied')
    }
  }

  #poll(): GrantPoll {
    const state = this.#state
    if (state === 'approved' || state === 'denied') {
      this.#state = 'gone'
      return state === 'approved' ? { kind: 'approved', sealed: 'sealed' } : { kind: 'denied' }
    }
    if (state === 'gone') return { kind: 'gone' }
    if (this.#secondsSincePoll < 3.5) return { kind: 'too_fast' }
    this.#secondsSincePoll = 0
    return { kind: 'pending' }
  }

  #decide(to: 'approved' | 'denied'): boolean {
    if (this.#state !== 'pending') return false
    this.#state = to
    return true
  }
}

async function takeInStore(pool: Pool, deviceHash: Buffer, step: Step): Promise<GrantPoll | boolean | null> {
  switch (step) {
    case 'poll':
      return pollGrant(pool, deviceHash, 3.5)
    case 'deny':
      return denyGrant(pool, deviceHash)
    case 'deny by code':
      return (await denyByUserCode(pool, userCodeOf(deviceHash))) !== null
    case 'approve':
      return approveGrant(pool, deviceHash, 'sealed')
    case 'wait 4 s':
      await pool.query(
        "update device_grants set last_poll_at = last_poll_at - interval '4 seconds' where device_hash = $1",
        [deviceHash],
      )
      return null
    case 'expire':
      await pool.query('update device_grants set expires_at = now() where device_hash = $1', [deviceHash])
      return null
  }
}

function userCodeOf(deviceHash: Buffer): string {
  return deviceHash.toString('hex', 0, 8)
}

async function newGrant(pool: Pool): Promise<Buffer> {
  const deviceHash = createHash('sha256').update(randomBytes(32)).digest()
  const rest = { lifetimeSeconds: 600, clientIp: '192.0.2.1', userAgent: '', surface: '' }
  await createGrant(pool, { deviceHash, userCode: userCodeOf(deviceHash), ...rest })
  return deviceHash
}

test('A-8: polls, denials, approvals and expiry in any order do what the model of one decision says', async () => {
  await using database = await createDatabase()
  const { pool } = database

  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { maxLength: 12 }), async steps => {
      const model = new Model()
      const deviceHash = await newGrant(pool)
      for (const step of steps) {
        assert.deepEqual(await takeInStore(pool, deviceHash, step), model.take(step), step)
      }
    }),
    { numRuns: 150 },
  )
})

test('A-8: at the same time, they end in one state, and it is delivered at most once', async () => {
  await using database = await createDatabase()
  const { pool } = database

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('poll', 'deny', 'deny by code', 'approve'), { minLength: 2, maxLength: 16 }),
      async steps => {
        const deviceHash = await newGrant(pool)
        const answers = await Promise.all(steps.map(step => takeInStore(pool, deviceHash, step)))
        const last = await pollGrant(pool, deviceHash, 0)

        const decisions = answers.filter(answer => answer === true)
        const polls = [...answers, last].filter(answer => answer !== null && typeof answer === 'object')
        const deliveries = polls.filter(poll => poll.kind === 'approved' || poll.kind === 'denied')
        const canDecide = steps.some(step => step !== 'poll')
        assert.deepEqual(
          { decisions: decisions.length, deliveries: deliveries.length },
          canDecide ? { decisions: 1, deliveries: 1 } : { decisions: 0, deliveries: 0 },
        )
      },
    ),
    { numRuns: 100 },
  )
})
