// What holds for any order of refreshes, on any replica, with any pauses between them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { unwrapRefreshToken } from '../../app/session/refresh-token.ts'
import { openSessionRig, type SessionRig, type Tokens } from '../support/session-rig.ts'

/** Pauses whose sums keep away from the edges at 10 s and 60 s, because real time passes too. */
const pause = fc.constantFrom(0, 0, 3.7, 12.3, 33.1, 101)
const ROTATING = { replicas: 2, manners: { refreshToken: 'rotating' } } as const

async function genOf(rig: SessionRig, token: string): Promise<number> {
  const opened = await unwrapRefreshToken(rig.gateway.sealer, token)
  assert.ok(opened)
  return opened.gen
}

/** The rules of S-58, in the smallest form: what the newest generation is, and when it was shared. */
class Model {
  newest = 0
  sharedSecondsAgo = Number.POSITIVE_INFINITY
  asked = 0

  present(gen: number, graceSeconds: number): number | 'refused' {
    if (gen === this.newest) {
      if (this.sharedSecondsAgo <= 10) return gen
      this.asked += 1
      this.newest += 1
      this.sharedSecondsAgo = 0
      return this.newest
    }
    return gen === this.newest - 1 && this.sharedSecondsAgo <= graceSeconds ? this.newest : 'refused'
  }
}

test('whichever of its refresh tokens a session presents, it has one live line at the identity provider', async () => {
  await using rig = await openSessionRig(ROTATING)
  const steps = fc.array(fc.record({ back: fc.nat(3), replica: fc.nat(1), pause }), { maxLength: 8 })

  await fc.assert(
    fc.asyncProperty(steps, async sequence => {
      rig.idp.refreshTokens.clear()
      rig.idp.spentRefreshTokens.clear()
      const held = [(await rig.signIn()).refresh_token]
      const model = new Model()
      const before = rig.renewals()
      for (const step of sequence) {
        await rig.passTime(step.pause)
        model.sharedSecondsAgo += step.pause
        const gen = Math.max(0, held.length - 1 - step.back)
        const answer = await rig.replicas[step.replica]!.refresh(held[gen]!) // both are in range
        const expected = model.present(gen, 60)
        if (expected === 'refused') assert.deepEqual(answer.body, { error: 'invalid_grant' })
        else {
          const { refresh_token } = answer.body as Tokens
          assert.equal(await genOf(rig, refresh_token), expected)
          held[expected] = refresh_token
        }
      }
      assert.equal(rig.renewals() - before, model.asked)
      assert.equal(rig.idp.refreshTokens.size, 1)
    }),
    { numRuns: 30 },
  )
})

/** A terminal as observed: it trusts its memory, and looks at the shared file only after an answer. */
class Terminal {
  held: string
  constructor(held: string) {
    this.held = held
  }

  async refresh(rig: SessionRig, replica: number, file: { token: string | null }): Promise<void> {
    const presented = this.held
    const answer = await rig.replicas[replica]!.refresh(presented) // both are in range
    const isOvertaken = file.token !== null && file.token !== presented
    if (!isOvertaken) file.token = answer.status === 200 ? (answer.body as Tokens).refresh_token : null
    if (file.token !== null) this.held = file.token
  }
}

test('terminals that share a credential file are never signed out, however long one idles', async () => {
  await using rig = await openSessionRig(ROTATING)
  const step = fc.record({ who: fc.nat(2), together: fc.boolean(), replica: fc.nat(1), pause })

  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async sequence => {
      rig.idp.refreshTokens.clear()
      rig.idp.spentRefreshTokens.clear()
      const { refresh_token } = await rig.signIn()
      const file = { token: refresh_token as string | null }
      const terminals = [0, 1, 2].map(() => new Terminal(refresh_token))
      for (const { who, together, replica, pause: seconds } of sequence) {
        await rig.passTime(seconds)
        const active = [who, ...(together ? [(who + 1) % 3] : [])]
        await Promise.all(
          active.map((index, place) => terminals[index]!.refresh(rig, (replica + place) % 2, file)), // 0 to 2
        )
        assert.notEqual(file.token, null)
      }
      assert.equal(rig.idp.refreshTokens.size, 1)
    }),
    { numRuns: 30 },
  )
})

test('a terminal that idled past three refreshes takes the newer token from the file and goes on', async () => {
  await using rig = await openSessionRig(ROTATING)
  const { refresh_token } = await rig.signIn()
  const file = { token: refresh_token as string | null }
  const [busy, idle] = [new Terminal(refresh_token), new Terminal(refresh_token)]
  for (let count = 0; count < 3; count += 1) {
    await rig.passTime(3300)
    await busy.refresh(rig, 0, file)
  }
  await rig.passTime(3300)

  await Promise.all([idle.refresh(rig, 0, file), busy.refresh(rig, 1, file)])
  await rig.passTime(3300)
  await idle.refresh(rig, 1, file) // with the token it took from the file, overtaken once more
  await idle.refresh(rig, 1, file)

  assert.equal(await genOf(rig, idle.held), 5)
  assert.equal(rig.idp.refreshTokens.size, 1)
})
