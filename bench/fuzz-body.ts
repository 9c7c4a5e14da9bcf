// The long form of test/inference/body-fuzz.test.ts: node bench/fuzz-body.ts --count 1000000 [--seed 1]
import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { type Choose, expectedOf, mutatedBody } from '../test/support/mutated-bodies.ts'
import { scan, verdict } from '../test/support/scanned.ts'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
})
const count = Number(values.count)
const choose = chooser(Number(values.seed))
const kinds: Record<string, number> = {}
let cuts = 0

for (let done = 0; done < count; done++) {
  const body = mutatedBody(choose)
  const expected = expectedOf(body)
  const whole = scan(body)
  assert.deepEqual(verdict(body, whole), expected, `body ${done}: ${JSON.stringify(body.toString('latin1'))}`)
  const facts = JSON.stringify(whole)
  for (let cut = 1; cut < body.length; cut++) {
    const pieces = JSON.stringify(scan(body, cut))
    if (pieces !== facts)
      assert.fail(`body ${done} cut at ${cut}: ${JSON.stringify(body.toString('latin1'))}`)
    cuts++
  }
  kinds[whole.kind] = (kinds[whole.kind] ?? 0) + 1
}
console.log(`${count} bodies, ${cuts} cuts, no difference from JSON.parse:`, kinds)

/** xorshift32: the same bodies for the same seed. */
function chooser(seed: number): Choose {
  let state = seed | 0 || 1
  return bound => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
}
