// What a look-up may take of one replica.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flights } from '../../../app/identity/google/flights.ts'
import { RememberedGroups } from '../../../app/identity/google/remembered-groups.ts'
import { recordLog } from '../../support/recorded-log.ts'

test('so many run, so many wait, and whoever comes then is turned away at once', async () => {
  const flights = new Flights<string>({ maxRunning: 2, maxWaiting: 1 })
  const { promise: landing, resolve: land } = Promise.withResolvers<void>()
  let running = 0
  const work = async () => {
    running += 1
    await landing
    return 'landed'
  }

  const joined = ['a', 'b', 'c', 'd', 'a'].map(key => flights.join(key, work))
  assert.equal(running, 2)
  assert.equal(joined[3], null)
  assert.equal(joined[4], joined[0])
  land()

  assert.deepEqual(await Promise.all(joined), ['landed', 'landed', 'landed', null, 'landed'])
  assert.equal(running, 3)
  assert.equal(await flights.join('a', async () => 'again'), 'again')
})

test('a flight that fails gives its place back', async () => {
  const flights = new Flights<string>({ maxRunning: 1, maxWaiting: 1 })

  const failing = flights.join('a', () => Promise.reject(new Error('crashed')))
  const next = flights.join('b', async () => 'landed')

  await assert.rejects(failing ?? Promise.resolve(), /crashed/)
  assert.equal(await next, 'landed')
})

test('the oldest are forgotten first, by people and by the length of what is known about them', async () => {
  const options = { pool: null, clock: () => 0, log: recordLog() }
  const byPeople = new RememberedGroups({ ...options, maxPeople: 2 })
  const byLength = new RememberedGroups({ ...options, maxCharacters: 10 })
  const known = (remembered: RememberedGroups) =>
    ['a', 'b', 'c'].filter(address => remembered.inMemory(address) !== null)

  for (const address of ['a', 'b', 'a', 'c']) await byPeople.keep(address, ['x'])
  for (const address of ['a', 'b', 'c']) await byLength.keep(address, ['12345'])

  assert.deepEqual(known(byPeople), ['a', 'c'])
  assert.deepEqual(known(byLength), ['b', 'c'])
})
