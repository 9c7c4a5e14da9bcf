import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExpiringToken, type FetchedToken } from '../../app/lib/expiring-token.ts'
import { recordLog } from '../support/recorded-log.ts'

/** A token of an hour, renewed 120 s ahead and awaited under 30 s; fetches are answered by hand, time moves by hand. */
function startToken() {
  const fetches: PromiseWithResolvers<FetchedToken>[] = []
  const time = { now: 0 }
  const log = recordLog()
  const token = new ExpiringToken({
    name: 'the token',
    clock: () => time.now,
    log,
    refreshAheadMs: 120_000,
    blockUnderMs: 30_000,
    fetchToken: () => {
      const fetch = Promise.withResolvers<FetchedToken>()
      fetches.push(fetch)
      return fetch.promise
    },
  })
  const issue = async (text: string, expiresIn = 3600) => {
    fetches.at(-1)?.resolve({ token: text, expiresIn })
    await new Promise(setImmediate)
  }
  const fail = async () => {
    fetches.at(-1)?.reject(new Error('down'))
    await new Promise(setImmediate)
  }
  return { token, fetches, time, log, issue, fail }
}

test('the first requests wait together for one fetch', async () => {
  const { token, fetches, issue } = startToken()

  const waiting = [token.get(), token.get()]
  await issue('a')

  assert.deepEqual(await Promise.all(waiting), ['a', 'a'])
  assert.equal(fetches.length, 1)
})

test('ahead of its expiry the old token serves while one fetch runs, and then the new one', async () => {
  const { token, fetches, time, issue } = startToken()
  const first = token.get()
  await issue('a')
  await first
  time.now = 3_600_000 - 119_000

  const meanwhile = [token.get(), token.get()]
  await issue('b')

  assert.deepEqual(meanwhile, ['a', 'a'])
  assert.equal(token.get(), 'b')
  assert.equal(fetches.length, 2)
})

test('an issuer that hands out the token it has is asked again every ten seconds, and in time', async () => {
  const { token, fetches, time, issue } = startToken()
  const first = token.get()
  await issue('a', 45)
  await first

  const asked: number[] = []
  for (; time.now < 15_000; time.now += 1000) {
    const before = fetches.length
    assert.equal(token.get(), 'a')
    if (fetches.length === before) continue
    asked.push(time.now)
    await issue('a', 45 - time.now / 1000)
  }

  assert.deepEqual(asked, [10_000])
  time.now = 16_000
  const waiting = token.get()
  await issue('b')
  assert.equal(await waiting, 'b')
})

test('a failed renewal is tried again after 1, 2, 4 and at most 30 seconds, while the old token serves', async () => {
  const { token, fetches, time, issue, fail } = startToken()
  const first = token.get()
  await issue('a')
  await first
  time.now = 3_600_000 - 119_000

  const pauses: number[] = []
  for (let tries = 1; tries <= 6; tries += 1) {
    token.get()
    await fail()
    const failedAt = time.now
    while (fetches.length === tries + 1) {
      time.now += 1000
      assert.equal(token.get(), 'a')
    }
    pauses.push((time.now - failedAt) / 1000)
    time.now = 3_600_000 - 119_000
  }

  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 30])
})

test('close to its expiry requests wait for the new token', async () => {
  const { token, time, issue } = startToken()
  const first = token.get()
  await issue('a')
  await first
  time.now = 3_600_000 - 29_000

  const waiting = token.get()
  await issue('b')

  assert.equal(await waiting, 'b')
})

test('without a token a failure is told to all who wait, and to those who come before the next try', async () => {
  const { token, fetches, time, fail, issue } = startToken()
  const waiting = assert.rejects(async () => token.get(), /down/)

  await fail()

  await waiting
  await assert.rejects(async () => token.get(), /last failure: down/)
  assert.equal(fetches.length, 1)
  time.now = 1000
  const next = token.get()
  await issue('a')
  assert.equal(await next, 'a')
})

test('a refused token is fetched again at most every 30 seconds, and still serves when that fails', async () => {
  const { token, fetches, time, issue, fail } = startToken()
  const first = token.get()
  await issue('a')
  await first

  token.refused()
  const waiting = assert.rejects(async () => token.get(), /down/)
  await fail()
  await waiting
  token.refused()

  assert.equal(token.get(), 'a')
  assert.equal(fetches.length, 2)
  time.now = 30_000
  token.refused()
  const renewed = token.get()
  await issue('b')
  assert.equal(await renewed, 'b')
})

test('nobody waits longer than ten seconds', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { token } = startToken()

  const waiting = token.get()
  t.mock.timers.tick(10_000)

  await assert.rejects(async () => waiting, /no answer within 10000 ms/)
})
