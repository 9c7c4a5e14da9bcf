import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { endingOf } from '../../app/lib/ending.ts'

/** Sends signals at given times; tells how the service was ended and how often the process at once. */
function endAfter(sent: readonly (readonly [string, number])[]) {
  const signals = new EventEmitter()
  let now = 0
  let exits = 0
  const exitAtOnce = () => {
    exits += 1
  }
  const ending = endingOf({ signals, monotonic: () => now, exitAtOnce })
  for (const [signal, at] of sent) {
    now = at
    signals.emit(signal)
  }
  return [ending.signal.reason, exits]
}

test('the first signal ends the service in order', () => {
  assert.deepEqual(endAfter([['SIGTERM', 0]]), ['SIGTERM', 0])
  assert.deepEqual(endAfter([['SIGINT', 0]]), ['SIGINT', 0])
})

test('a second signal ends the process at once', () => {
  const twice = endAfter([
    ['SIGTERM', 0],
    ['SIGTERM', 1],
  ])
  const both = endAfter([
    ['SIGINT', 0],
    ['SIGTERM', 1],
  ])
  const again = endAfter([
    ['SIGINT', 0],
    ['SIGINT', 250],
  ])

  assert.deepEqual(
    [twice, both, again],
    [
      ['SIGTERM', 1],
      ['SIGINT', 1],
      ['SIGINT', 1],
    ],
  )
})

test('the Ctrl-C that npm passes on is the one that the terminal has sent already', () => {
  const echoed = endAfter([
    ['SIGINT', 0],
    ['SIGINT', 249],
  ])

  assert.deepEqual(echoed, ['SIGINT', 0])
})
