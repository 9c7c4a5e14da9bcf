import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { routingLines } from '../../app/explain/routing-text.ts'

const linesFor = (routing: object) => routingLines(GatehouseSection.parse({ routing }).routing)
const UNSEEN = 'what is set aside at the moment each replica knows for itself: see its metrics and its log'

test('the configured routing is told in sentences, and what nobody but a replica knows is said to be so', () => {
  assert.deepEqual(linesFor({}), [
    'models are asked for in the order above',
    'a conversation stays with the upstream that holds its cache, for 300 s',
    'after 5 failures in a row an upstream is set aside for a model, and tried again after 30 s',
    'retry-after is kept to, up to 300 s',
    UNSEEN,
  ])
})

test('weights are named, and what is switched off is said to be off', () => {
  const off = { affinity_seconds: 0, breaker_failures: 0, max_cooldown_seconds: 0 }

  assert.deepEqual(linesFor({ ...off, weights: { a: 1, b: 3 } }), [
    'new conversations are spread by weights (a 1, b 3); failovers go in the order above',
    'conversations are not kept with the upstream that holds their cache',
    'no upstream is set aside for failing',
    'no retry-after is kept to',
    UNSEEN,
  ])
})
