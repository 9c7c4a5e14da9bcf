// Conversations keep to the upstream that holds their cache; new ones are spread by weights.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, OVERLOADED, reply, startRouted } from '../../support/routed-relay.ts'

const CACHED = reply({ cache_read_input_tokens: 900 })
const ofHour = reply({ cache_creation: { ephemeral_1h_input_tokens: 900 }, cache_creation_input_tokens: 900 })

test('a conversation that moved when the first upstream failed stays where its cache is; others go back', async t => {
  const { scripts, time, ask } = await startRouted(t, [OVERLOADED, CACHED])
  const moved = { body: bodyOf('moved') }
  assert.equal(await ask(moved), '200 first b')

  scripts[0] = CACHED

  assert.equal(await ask(moved), '200 affinity b')
  assert.equal(await ask({ body: bodyOf('another') }), '200 first a')
  time.now += 299_999
  assert.equal(await ask(moved), '200 affinity b')
  time.now += 300_000
  assert.equal(await ask(moved), '200 first a')
})

test('a conversation without a cache goes back at once, and a cache of an hour holds it for an hour', async t => {
  const { scripts, time, ask } = await startRouted(t, [OVERLOADED, reply()])
  await ask({ body: bodyOf('plain') })
  scripts[1] = ofHour
  await ask({ body: bodyOf('hour') })

  scripts[0] = CACHED

  assert.equal(await ask({ body: bodyOf('plain') }), '200 first a')
  time.now += 3_599_000
  assert.equal(await ask({ body: bodyOf('hour') }), '200 affinity b')
})

test('conversations whose upstream is set aside go elsewhere, and stay there', async t => {
  const { scripts, time, ask } = await startRouted(t, [OVERLOADED, CACHED], {
    routing: { breaker_failures: 1 },
  })
  const [one, two] = [{ body: bodyOf('one') }, { body: bodyOf('two') }]
  await ask(one)
  await ask(two)
  scripts[0] = CACHED
  time.now += 30_000
  assert.equal(await ask({ body: bodyOf('new') }), '200 probe a')
  scripts[1] = OVERLOADED

  assert.equal(await ask(one), '200 affinity a')
  assert.equal(await ask(two), '200 skipped a')
  scripts[1] = CACHED
  time.now += 30_000

  assert.deepEqual([await ask(one), await ask(two)], ['200 first a', '200 first a'])
})

test('new conversations are spread by weights, and each keeps to where it began', async t => {
  let number = 0
  const { counts, ask } = await startRouted(t, [CACHED, CACHED, CACHED], {
    routing: { weights: { a: 1, b: 3 } },
    random: () => (number % 8) / 8,
  })

  for (; number < 80; number += 1) assert.match(await ask({ body: bodyOf(`c-${number}`) }), /^200 weighted/)
  assert.deepEqual(counts(), [20, 60, 0])
  for (number = 0; number < 80; number += 1) await ask({ body: bodyOf(`c-${(number + 3) % 80}`) })

  assert.deepEqual(counts(), [20, 60, 0])
})

test('an upstream without a weight is only failed over to, and shares of one that is set aside go to the others', async t => {
  const { scripts, counts, ask } = await startRouted(t, [reply(), OVERLOADED, reply()], {
    routing: { weights: { b: 1 } },
  })

  for (let count = 0; count < 5; count += 1) assert.equal(await ask(), '200 weighted a')
  assert.equal(await ask(), '200 first a')
  scripts[0] = OVERLOADED
  assert.equal(await ask(), '200 first c')

  assert.deepEqual(counts(), [7, 5, 1])
})

test('with affinity_seconds 0 nothing is remembered of conversations', async t => {
  const { scripts, ask } = await startRouted(t, [OVERLOADED, CACHED], { routing: { affinity_seconds: 0 } })
  await ask()

  scripts[0] = CACHED

  assert.equal(await ask(), '200 first a')
})
