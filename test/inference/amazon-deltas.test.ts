// Deltas out of frames: what was known of the last one never changes the next one, nor what is counted of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { documentIn, EventText } from '../../app/inference/amazon-events.ts'
import { AmazonFrames } from '../../app/inference/amazon-frames.ts'
import { checksumOf } from '../../app/inference/frame-checksum.ts'
import { viewed } from '../../app/inference/known-bytes.ts'
import { StreamMeter } from '../../app/inference/usage.ts'
import { chunkFrame, frame } from '../support/bedrock.ts'

/** Reads a chunk as a stream does; its events can be taken then. */
function read(chunk: Buffer): EventText {
  const text = new EventText()
  text.begin()
  new AmazonFrames().push(chunk, {
    chunk(bytes, from, to) {
      if (text.addDelta(bytes, from, to)) return
      const document = documentIn(bytes.buffer, from, to)
      if (document !== null) text.add(document)
    },
    exception() {},
  })
  return text
}

function take(chunk: Buffer): Buffer | null {
  return read(chunk).take(chunk)
}

/** What is written for these frames in one chunk, and the text that was counted meanwhile. */
function write(frames: readonly Buffer[]) {
  const chunk = Buffer.concat(frames)
  const text = read(chunk)
  const { hasOnlyDeltas, textBytes } = text
  return { events: `${text.take(chunk)}`, hasOnlyDeltas, textBytes }
}

function eventOf(json: string): string {
  return `event: content_block_delta\ndata: ${json}\n\n`
}

/** What the meter of server-sent events reads of them. */
function metered(events: string) {
  const meter = new StreamMeter({ upstreamModel: 'claude-test', onOddField: () => {}, assumedInput: 0 })
  meter.read(Buffer.from(events))
  return meter.result()
}

function counted(textBytes: number) {
  const meter = new StreamMeter({ upstreamModel: 'claude-test', onOddField: () => {}, assumedInput: 0 })
  meter.addText(textBytes)
  return meter.result()
}

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '"', '\\', '","text":"', '"}}', 'x'.repeat(500), 'ü', '\n', '\u2028'),
)
const delta = fc.oneof(
  value.map(text => ({ type: 'text_delta', text })),
  value.map(thinking => ({ type: 'thinking_delta', thinking })),
  value.map(partial_json => ({ type: 'input_json_delta', partial_json })),
  value.map(signature => ({ type: 'signature_delta', signature })),
  value.map(text => ({ note: 'text', text, more: text })),
)
const document = fc.record({
  type: fc.constant('content_block_delta'),
  index: fc.constantFrom(0, 1, 10, 100, 1000),
  delta,
})

test('deltas of any kind, one after the other, come out as they were put in, and count as events do', () => {
  fc.assert(
    fc.property(fc.array(document, { minLength: 1, maxLength: 12 }), documents => {
      const texts = documents.map(one => JSON.stringify(one))
      const events = texts.map(eventOf).join('')

      const written = write(texts.map(text => chunkFrame(text)))

      assert.deepEqual([written.events, written.hasOnlyDeltas], [events, true])
      assert.deepEqual(counted(written.textBytes), metered(events))
    }),
    { numRuns: 1000 },
  )
})

test('a delta that differs from the last one in any byte comes out as it is', () => {
  const last = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"some words"}}'
  for (const spaces of ['', ' ', '  ']) {
    const known = last.replace('"index"', `${spaces}"index"`)
    for (let at = 30; at < known.length; at += 1) {
      const other = `${known.slice(0, at)}~${known.slice(at + 1)}`
      const events = eventOf(known) + eventOf(other) + eventOf(known)

      const written = write([known, other, known].map(json => chunkFrame(json)))

      assert.equal(written.events, events)
      assert.deepEqual(counted(written.textBytes), metered(events), other)
    }
  }
})

test('a delta that begins as the last one did and goes on in an unusual form comes out whole', () => {
  const json = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"???>>>"}}'
  const base64 = Buffer.from(json).toString('base64')
  const broken = Buffer.from(json.replace('}}', '}\n}')).toString('base64')
  const event = { ':event-type': 'chunk', ':message-type': 'event' }
  const payloads = [
    `{"bytes":"${base64}"}`,
    `{"bytes":"${base64}","p":"abcdefg"}`,
    `{"bytes":"${base64.replaceAll('/', '\\/')}"}`,
    `{"bytes":"${broken}"}`,
    `{"bytes":"${base64}" }`,
    `{"bytes":"${base64}`,
    `{"bytes":"${base64.slice(0, 100)}!"}`,
  ]
  assert.ok(base64.includes('/'))

  const written = write(payloads.map(payload => frame(event, payload)))

  const plain = eventOf(json)
  const spaced = eventOf(json.replace('}}', '} }'))
  const cut = eventOf(Buffer.from(base64.slice(0, 100), 'base64').toString())
  assert.equal(written.events, [plain, plain, plain, spaced, plain, cut].join(''))
  assert.equal(written.hasOnlyDeltas, false)
})

test('checksums of every length are zlib’s', () => {
  const bytes = viewed(Buffer.from(Array.from({ length: 800 }, (_, at) => (at * at * 31) & 255)))
  for (let length = 0; length <= 700; length += 1) {
    const from = length % 13
    const place = { from, to: from + length }
    const piece = bytes.buffer.subarray(place.from, place.to)

    assert.equal(checksumOf(bytes, place), crc32(piece))
    assert.equal(checksumOf(bytes, place, 0xfedcba98), crc32(piece, 0xfedcba98))
  }
})

test('what was taken of one stream stays as it is while others go on, however long their events are', () => {
  const chunkOf = (...texts: string[]) => Buffer.concat(texts.map(text => chunkFrame({ type: 'ping', text })))
  const taken = [
    ['one', 'two'],
    ['x'.repeat(100_000), 'three'],
    ['four', 'y'.repeat(60_000), 'z'.repeat(60_000), 'five'],
    ['six'],
  ].map(texts => ({ texts, bytes: take(chunkOf(...texts)) }))

  for (const { texts, bytes } of taken)
    assert.equal(
      `${bytes}`,
      texts.map(text => `event: ping\ndata: ${JSON.stringify({ type: 'ping', text })}\n\n`).join(''),
    )
})

test('events that are longer than the end of their frame have memory of their own', () => {
  const text = new EventText()
  const end = Buffer.from('}')
  text.begin()
  text.add({ type: 'ping', bytes: Buffer.from('{"type":"ping"}') })

  assert.equal(`${text.take(end)}`, 'event: ping\ndata: {"type":"ping"}\n\n')
  assert.equal(`${end}`, '}')
  assert.equal(text.take(end), null)
})
