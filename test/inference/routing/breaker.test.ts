import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  afterAnswer,
  afterBreak,
  afterEnd,
  afterFailure,
  type Breaker,
  IN_USE,
  standingOf,
  withoutProbe,
  withProbe,
} from '../../../app/inference/routing/breaker.ts'

const rules = { failures: 3, openMs: 30_000 }
const at = (now: number, isTrial = false) => ({ now, isTrial, rules })

/** The breaker after that many failures at once. */
function failed(times: number, from: Breaker = IN_USE): Breaker {
  let breaker = from
  for (let count = 0; count < times; count += 1) breaker = afterFailure(breaker, at(1000))
  return breaker
}

test('the third failure in a row opens it; an answer between them starts the count anew', () => {
  assert.equal(standingOf(failed(2), 1000), 'in_use')
  assert.equal(standingOf(failed(2, afterAnswer(failed(2), at(1000))), 1000), 'in_use')
  assert.equal(standingOf(failed(3), 1000), 'open')
})

test('it is open for 30 s, then due, and one probe makes all others wait', () => {
  const open = failed(3)

  assert.deepEqual(
    [30_999, 31_000, 90_000].map(now => standingOf(open, now)),
    ['open', 'due', 'due'],
  )
  assert.equal(standingOf(withProbe(open), 31_000), 'probing')
})

test('an answered probe closes it, with nothing held against the upstream', () => {
  assert.deepEqual(afterAnswer(withProbe(failed(3)), at(31_000, true)), IN_USE)
})

test('a failed probe opens it for another 30 s', () => {
  const again = afterFailure(withProbe(failed(3)), at(40_000, true))

  assert.deepEqual([standingOf(again, 69_999), standingOf(again, 70_000)], ['open', 'due'])
})

test('a probe whose client left leaves the place to the next request', () => {
  assert.equal(standingOf(withoutProbe(withProbe(failed(3))), 31_000), 'due')
})

test('what older requests come to changes nothing while it is open', () => {
  const probing = withProbe(failed(3))

  assert.equal(afterFailure(probing, at(50_000)), probing)
  assert.equal(afterAnswer(probing, at(50_000)), probing)
  assert.equal(afterBreak(probing, at(50_000)), probing)
})

test('answers that break off open it too, when none between them ended in order', () => {
  const broken = (times: number, from: Breaker = IN_USE): Breaker =>
    times === 0 ? from : broken(times - 1, afterBreak(afterAnswer(from, at(1000)), at(1000)))

  assert.equal(standingOf(broken(2), 1000), 'in_use')
  assert.equal(standingOf(broken(2, afterEnd(broken(2))), 1000), 'in_use')
  assert.equal(standingOf(broken(3), 1000), 'open')
})

test('with 0 failures it never opens', () => {
  const never = { now: 0, isTrial: false, rules: { ...rules, failures: 0 } }
  let breaker = IN_USE
  for (let count = 0; count < 1000; count += 1) breaker = afterFailure(breaker, never)

  assert.equal(standingOf(breaker, 0), 'in_use')
})
