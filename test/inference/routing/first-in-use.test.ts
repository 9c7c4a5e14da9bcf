import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RoutingSection } from '../../../app/config/routing.ts'
import { Routing } from '../../../app/inference/routing/routing.ts'
import { recordLog } from '../../support/recorded-log.ts'
import { scan } from '../../support/scanned.ts'

const A = { upstream: 'a', model: 'm' }
const B = { upstream: 'b', model: 'm' }

/** A body of no interest. */
function body() {
  const text = Buffer.from('{"model":"m"}')
  const scanned = scan(text)
  if (scanned.kind !== 'object') throw new Error('the body is an object')
  return { ...scanned, chunks: [text], length: text.length }
}

test('a request would be served by the first upstream of the file that is in use', () => {
  let now = 0
  const routing = new Routing({
    config: RoutingSection.parse({ breaker_failures: 1 }),
    ...{ hasOwnTtfb: false, upstreams: ['a', 'b'], clock: () => now, random: () => 0, log: recordLog() },
  })
  const routes = [A, B]
  const names = () => routing.firstInUse(routes)?.upstream
  const fail = () => {
    const walk = routing.walk({ routes, operation: 'messages', body: body(), sub: 'ada' })
    walk.next()
    walk.asks()
    walk.over({ kind: 'failed', restMs: 0, isTrouble: true }, null)
  }

  const before = names()
  fail()
  const after = names()
  fail()
  const none = names()
  now += 30_000

  assert.deepEqual([before, after, none], ['a', 'b', 'a'])
  assert.deepEqual([routing.firstInUse([B]), routing.firstInUse([])], [B, null])
})
