import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { fileWith, judge } from '../support/config-text.ts'

function problems(routing: string): string[] {
  const result = judge(fileWith({ gatehouse: `gatehouse: { routing: ${routing} }` }))
  return result.kind === 'refused' ? result.problems.map(({ path, text }) => `${path}: ${text}`) : []
}

test('routing is on without a setting', () => {
  assert.deepEqual(GatehouseSection.parse({}).routing, {
    breaker_failures: 5,
    breaker_open_seconds: 30,
    max_cooldown_seconds: 300,
    retry_ratio: 0.2,
    retry_floor: 10,
    affinity_seconds: 300,
  })
})

test('weights name upstreams, and give somebody a share', () => {
  assert.deepEqual(problems('{ weights: { anthropic: 1 } }'), [])
  assert.deepEqual(problems('{ weights: { anthropic: 1, antropic: 2 } }'), [
    'gatehouse.routing.weights.antropic: no upstream has this name.',
  ])
  assert.deepEqual(problems('{ weights: { anthropic: 0 } }'), [
    'gatehouse.routing.weights: gives nobody a share.',
  ])
  assert.deepEqual(problems('{ weights: {} }'), ['gatehouse.routing.weights: gives nobody a share.'])
})

test('numbers have their bounds, and other keys are refused', () => {
  const found = problems(
    '{ retry_ratio: 2, breaker_open_seconds: 0, sticky: true, weights: { anthropic: -1 } }',
  )

  assert.deepEqual(found.map(text => text.split(':')[0]).toSorted(), [
    'gatehouse.routing.breaker_open_seconds',
    'gatehouse.routing.retry_ratio',
    'gatehouse.routing.sticky',
    'gatehouse.routing.weights.anthropic',
  ])
})
