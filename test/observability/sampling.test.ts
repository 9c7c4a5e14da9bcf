// Who is traced, and which client's span may be mentioned.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSampler } from '../../app/observability/sampling.ts'
import { clientSpan } from '../../app/observability/traceparent.ts'

test('a ratio of 1 traces everything and one of 0 nothing, whatever is drawn', () => {
  for (const byte of [0x00, 0xff]) {
    const random = (bytes: number) => Buffer.alloc(bytes, byte)

    assert.equal(createSampler({ ratio: 1, random })(), Buffer.alloc(16, byte).toString('hex'))
    assert.equal(createSampler({ ratio: 0, random })(), null)
  }
})

test('a ratio is a bound on what is drawn', () => {
  const drawing = (tail: number) => (bytes: number) => {
    const drawn = Buffer.alloc(bytes, 0xff)
    drawn.writeUIntBE(tail, 10, 6)
    return drawn
  }
  const quarter = 2 ** 46

  assert.notEqual(createSampler({ ratio: 0.25, random: drawing(quarter - 1) })(), null)
  assert.equal(createSampler({ ratio: 0.25, random: drawing(quarter) })(), null)
})

test('of many requests about the configured share is traced, each under an id of its own', () => {
  const sample = createSampler({ ratio: 0.1, random: randomBytes })

  const traced = Array.from({ length: 20_000 }, sample).filter(id => id !== null)

  assert.equal(new Set(traced).size, traced.length)
  assert.ok(traced.length > 1600 && traced.length < 2400, `${traced.length}`)
})

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

test('a valid traceparent names a trace and a span; its flags mean nothing', () => {
  const named = { traceId: TRACE, spanId: SPAN }

  assert.deepEqual(
    [`00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-01`, `cc-${TRACE}-${SPAN}-01-what-comes`].map(clientSpan),
    [named, named, named],
  )
})

const INVALID: readonly (string | string[] | undefined)[] = [
  undefined,
  '',
  [`00-${TRACE}-${SPAN}-01`],
  `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}`,
  ` 00-${TRACE}-${SPAN}-01`,
  `cc-${TRACE}-${SPAN}-01-${'x'.repeat(201)}`,
]

test('anything else is no traceparent', () => {
  assert.deepEqual(
    INVALID.map(clientSpan),
    INVALID.map(() => null),
  )
})

test('no header text makes the reader throw or name something that is no id', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), text => {
      const found = clientSpan(text)
      assert.ok(
        found === null || (/^[0-9a-f]{32}$/.test(found.traceId) && /^[0-9a-f]{16}$/.test(found.spanId)),
      )
    }),
  )
})
