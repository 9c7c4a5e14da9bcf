// Cooldowns, the budget of repetitions, weights and the marks of conversations, each by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Affinity } from '../../../app/inference/routing/affinity.ts'
import { cooldownOf } from '../../../app/inference/routing/cooldown.ts'
import { RetryBudget } from '../../../app/inference/routing/retry-budget.ts'
import { drawn } from '../../../app/inference/routing/weights.ts'
import { scan } from '../../support/scanned.ts'

test('a cooldown is what retry-after says, in seconds or as a date, up to the bound', () => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
  const rest = (status: number, headers: Record<string, string> = {}) =>
    cooldownOf({ status, headers }, 300_000)

  assert.equal(rest(429, { 'retry-after': '7' }), 7000)
  assert.equal(rest(503, { 'retry-after': '7' }), 7000)
  assert.equal(rest(529, { 'retry-after': '0' }), 0)
  assert.equal(rest(429, { 'retry-after': '86400' }), 300_000)
  assert.equal(rest(429, { 'retry-after': 'Sun, 06 Nov 1994 08:50:07 GMT', date }), 30_000)
  assert.equal(rest(429, { 'retry-after': 'Sun, 06 Nov 1994 08:49:00 GMT', date }), 0)
})

test('a 429 without a time means five seconds, a 503 none; other answers none at all', () => {
  const rest = (status: number, headers: Record<string, string> = {}) =>
    cooldownOf({ status, headers }, 300_000)

  assert.deepEqual([rest(429), rest(429, { 'retry-after': 'soon' }), rest(503)], [5000, 5000, 0])
  assert.deepEqual([rest(500, { 'retry-after': '9' }), rest(404, { 'retry-after': '9' })], [0, 0])
  assert.equal(cooldownOf({ status: 429, headers: { 'retry-after': '9' } }, 0), 0)
})

test('repetitions are a fifth of the requests of the last ten seconds, and the floor however few there are', () => {
  const budget = new RetryBudget({ ratio: 0.2, floor: 3 })
  const spendAll = (now: number) => {
    let spent = 0
    for (; budget.allows(now); spent += 1) budget.spend(now)
    return spent
  }

  assert.equal(spendAll(5_000_000), 3)
  for (let count = 0; count < 100; count += 1) budget.request(5_000_500)
  assert.equal(spendAll(5_001_000), 17)
  assert.equal(spendAll(5_009_999), 0)
  assert.equal(spendAll(5_010_000), 0) // the hundred and the first three are forgotten, the seventeen are not
  assert.equal(spendAll(5_011_000), 3)
})

test('a budget of nothing repeats nothing', () => {
  assert.equal(new RetryBudget({ ratio: 0, floor: 0 }).allows(0), false)
})

test('a draw follows the weights', () => {
  const shares = [0, 0, 0]
  for (let step = 0; step < 1000; step += 1) {
    const position = drawn([1, 0, 3], step / 1000)
    shares[position] = (shares[position] ?? 0) + 1
  }

  assert.deepEqual(shares, [250, 0, 750])
  assert.equal(drawn([0, 0], 0.5), -1)
})

/** A body as it is once it has been read. */
function scanned(text: string) {
  const bytes = Buffer.from(text)
  const found = scan(bytes)
  assert.ok(found.kind === 'object')
  return { ...found, chunks: [bytes], length: bytes.length }
}

const WHO = { sub: 'dev-1', model: 'm' }
const conversation = (text: string, more = '') =>
  scanned(
    `{"model":"m","system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"text","text":"${text}"${more}}]}]}`,
  )

test('a conversation is known by its first text, whatever comes after it and whoever marks its cache where', () => {
  const affinity = new Affinity(300_000)
  const first = affinity.keyOf(conversation('hello'), WHO)
  const later = conversation(
    'hello',
    ',"cache_control":{"type":"ephemeral"}},{"type":"text","text":"and more"',
  )

  assert.equal(first?.length, 16)
  assert.equal(affinity.keyOf(later, WHO), first)
  assert.notEqual(affinity.keyOf(conversation('Hello'), WHO), first)
  assert.notEqual(affinity.keyOf(conversation('hello'), { ...WHO, sub: 'dev-2' }), first)
  assert.notEqual(affinity.keyOf(conversation('hello'), { ...WHO, model: 'n' }), first)
  assert.notEqual(new Affinity(300_000).keyOf(conversation('hello'), WHO), first)
})

test('a quote inside the first text does not end it', () => {
  const affinity = new Affinity(300_000)
  const keyOf = (text: string) => affinity.keyOf(conversation(text), WHO)

  assert.notEqual(keyOf('say \\"one\\"'), keyOf('say \\"two\\"'))
  assert.equal(keyOf('ends in \\\\'), keyOf('ends in \\\\'))
  assert.notEqual(keyOf('x'.repeat(1024)), keyOf(`${'x'.repeat(1023)}y`))
  assert.equal(keyOf('x'.repeat(1024)), keyOf(`${'x'.repeat(1024)}y`))
})

test('content that is one text counts as its first text; a body without messages is no conversation', () => {
  const affinity = new Affinity(300_000)
  const plain = (text: string) => scanned(`{"messages":[{"role":"user","content" : "${text}"}]}`)

  assert.equal(affinity.keyOf(plain('hello'), WHO), affinity.keyOf(conversation('hello'), WHO))
  assert.equal(affinity.keyOf(scanned('{"model":"m"}'), WHO), null)
  assert.equal(affinity.keyOf(scanned('{"messages":[]}'), WHO)?.length, 16)
})

test('a cache of five minutes is remembered for five from its last use, one of an hour for an hour', () => {
  const affinity = new Affinity(300_000)
  const part = { model: 'm', input: 0, output: 0, cache_write_5m: 0, cache_write_1h: 0, cache_read: 9 }
  const usage = {
    parts: [part],
    web_searches: 0,
    served_model: 'm',
    speed: null,
    inference_geo: null,
    estimated: false,
  }
  const hour = { ...usage, parts: [{ ...part, cache_write_1h: 9 }] }

  affinity.keep('a', 'one', { now: 0, usage })
  affinity.keep('b', 'one', { now: 0, usage: hour })
  affinity.keep('b', 'one', { now: 1000, usage })

  assert.deepEqual([affinity.upstreamOf('a', 299_999), affinity.upstreamOf('a', 300_000)], ['one', null])
  assert.deepEqual([affinity.upstreamOf('b', 3_600_999), affinity.upstreamOf('b', 3_601_000)], ['one', null])
})

test('ten thousand conversations are remembered; the one that was quiet longest makes room', () => {
  const affinity = new Affinity(300_000)
  const part = { model: 'm', input: 0, output: 0, cache_write_5m: 0, cache_write_1h: 0, cache_read: 9 }
  const usage = {
    parts: [part],
    web_searches: 0,
    served_model: 'm',
    speed: null,
    inference_geo: null,
    estimated: false,
  }

  for (let number = 0; number < 10_000; number += 1) affinity.keep(`${number}`, 'one', { now: 0, usage })
  affinity.keep('0', 'one', { now: 0, usage })
  affinity.keep('one more', 'one', { now: 0, usage })

  assert.equal(affinity.upstreamOf('0', 1), 'one')
  assert.equal(affinity.upstreamOf('1', 1), null)
  assert.equal(affinity.upstreamOf('one more', 1), 'one')
})
