// Amazon's frames, built by the vendor's codec: split and joined anywhere, damaged, cut short, too long.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { documentIn, EventText } from '../../app/inference/amazon-events.ts'
import { amazonFrame } from '../../app/inference/amazon-frame-text.ts'
import { AmazonFrames } from '../../app/inference/amazon-frames.ts'
import type { ViewedBytes } from '../../app/inference/known-bytes.ts'
import { chunkFrame, exceptionFrame, frame, framesOf } from '../support/bedrock.ts'
import { REPLY_EVENTS } from '../support/sse.ts'

/** What is read of `chunks`: events as they are written to clients, and errors; and whether all of it was frames. */
function read(chunks: readonly Buffer[]) {
  const frames = new AmazonFrames()
  const seen: string[] = []
  const reader = {
    chunk({ buffer }: ViewedBytes, from: number, to: number) {
      const document = documentIn(buffer, from, to)
      if (document === null) return
      const text = new EventText()
      text.begin()
      text.add(document)
      seen.push(`${text.take(Buffer.alloc(0))}`)
    },
    exception: (type: string | null, payload: Buffer) => void seen.push(`${type} ${payload}`),
  }
  const isReadable = chunks.every(chunk => frames.push(chunk, reader))
  return { seen, isReadable, isWhole: isReadable && frames.isBetweenFrames }
}

/** What the stream writes to its client for one chunk, deltas by their own way. */
function writtenFor(chunk: Buffer): string {
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
  return `${text.take(chunk)}`
}

const FRAMES = [...framesOf(REPLY_EVENTS), exceptionFrame('throttlingException', 'slow down')]
const STREAM = Buffer.concat(FRAMES)
const SEEN = [...REPLY_EVENTS, 'throttlingException {"message":"slow down"}']

test('frames are read wherever chunks split or join them', () => {
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    const chunks = [STREAM.subarray(0, cut), STREAM.subarray(cut)]
    assert.deepEqual(read(chunks), { seen: SEEN, isReadable: true, isWhole: true }, `cut at ${cut}`)
  }
  const bytes = Array.from(STREAM, byte => Buffer.of(byte))
  assert.deepEqual(read(bytes), { seen: SEEN, isReadable: true, isWhole: true })
})

test('of a stream that is cut, whole frames are read, and the end shows', () => {
  const ends = new Set([0])
  for (const { length } of FRAMES) ends.add(Math.max(...ends) + length)
  for (let length = 0; length <= STREAM.length; length += 1) {
    const whole = [...ends].filter(end => end > 0 && end <= length).length
    const { seen, isWhole } = read([STREAM.subarray(0, length)])
    assert.deepEqual([seen, isWhole], [SEEN.slice(0, whole), ends.has(length)], `${length} bytes`)
  }
})

test('a frame in which any byte is changed is not read, nor is anything after it', () => {
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = FRAMES
  for (let at = 0; at < second.length; at += 1) {
    const damaged = Buffer.from(second)
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
    const stream = [first, damaged, ...FRAMES.slice(2)]

    const together = read([Buffer.concat(stream)])
    const apart = read(stream.flatMap(bytes => [bytes.subarray(0, 7), bytes.subarray(7)]))

    for (const { seen, isReadable } of [together, apart])
      assert.deepEqual([seen, isReadable], [SEEN.slice(0, 1), false], `byte ${at}`)
  }
})

/** A prelude with the right checksum, taken from a frame of the vendor's codec whose lengths are replaced. */
function prelude(total: number, headers: number): Buffer {
  const bytes = Buffer.from(amazonFrame({}).subarray(0, 12))
  bytes.writeUInt32BE(total, 0)
  bytes.writeUInt32BE(headers, 4)
  bytes.writeUInt32BE(crcOf(bytes.subarray(0, 8)), 8)
  return bytes
}

function crcOf(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

test('a frame that announces more than 16 MiB, or less than its own frame, is not waited for', () => {
  const impossible = [
    prelude(16 * 1024 * 1024 + 1, 0),
    prelude(0xffffffff, 0),
    prelude(15, 0),
    prelude(0, 0),
    prelude(100, 85),
    prelude(100, 0xffffffff),
  ]

  for (const bytes of impossible) {
    assert.equal(read([bytes]).isReadable, false)
    assert.equal(read([bytes.subarray(0, 5), bytes.subarray(5)]).isReadable, false)
  }
  assert.equal(read([prelude(16 * 1024 * 1024, 0)]).isReadable, true)
})

test('a frame of 16 MiB that drips costs about its own size, and nothing before it comes', () => {
  const { arrayBuffers: before } = process.memoryUsage()
  const frames = new AmazonFrames()
  const none = { chunk() {}, exception() {} }
  frames.push(prelude(16 * 1024 * 1024, 0), none)
  const { arrayBuffers: announced } = process.memoryUsage()

  for (let sent = 0; sent < 8 * 1024 * 1024; sent += 997) frames.push(Buffer.alloc(997), none)

  globalThis.gc?.()
  const { arrayBuffers: after } = process.memoryUsage()
  assert.ok(announced - before < 1024 * 1024, `${announced - before} bytes for an announcement`)
  assert.ok(after - before < 64 * 1024 * 1024, `${after - before} bytes for 8 MiB`)
  assert.equal(frames.isBetweenFrames, false)
})

test('random documents in random chunks come out as they were put in', () => {
  const document = fc.record({ type: fc.constantFrom('message_start', 'ping', 'new_event'), x: fc.json() })
  fc.assert(
    fc.property(fc.array(document, { maxLength: 8 }), fc.array(fc.nat(5000)), (documents, cuts) => {
      const stream = Buffer.concat(documents.map(one => chunkFrame(one)))
      const places = [0, ...cuts.map(cut => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
      const chunks = places.slice(1).map((place, index) => stream.subarray(places[index], place))

      const { seen, isWhole } = read(chunks)

      assert.equal(isWhole, true)
      assert.deepEqual(
        seen,
        documents.map(one => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`),
      )
    }),
    { numRuns: 300 },
  )
})

test('random bytes are never taken for frames, and never thrown at', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), arrays => {
      const { seen } = read(arrays.map(bytes => Buffer.from(bytes)))
      assert.deepEqual(seen, [])
    }),
    { numRuns: 500 },
  )
})

test('a payload that holds no document with a type is dropped; a raw line break in one becomes a space', () => {
  const event = { ':event-type': 'chunk', ':message-type': 'event' }
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const payloads = [
    ...[
      '',
      '{}',
      '[]',
      '{"bytes":1}',
      '{"bytes":"e30="}',
      '{"byt',
      '{"bytes":"',
      '{"p":"x"}',
      '{"a":{"bytes":"e30="}}',
    ],
    `{"bytes":"${base64('{"x":{"type":"ping"}}')}"}`,
    `{"bytes":"${base64('{"type":"evil\\ndata: x"}')}"}`,
    `{"bytes":"${base64('{"type":7}')}"}`,
  ]
  assert.deepEqual(read(payloads.map(payload => frame(event, payload))), {
    ...{ seen: [], isReadable: true, isWhole: true },
  })

  const spaced = base64('{ "x" : [{"type":"no","y":"}]\\""}, 1e3, null],\r\n "type"\t: "ping" }')
  const { seen } = read([
    frame(event, `{ "p": "q\\"", "bytes" : "${spaced.replaceAll('/', '\\/')}" }`),
    frame({ ...event, ':event-type': 'initial-response' }, '{}'),
    frame({}, `{"bytes":"${spaced}"}`),
    frame({ ':message-type': 'error', ':error-code': 'x', ':error-message': 'no' }, ''),
  ])
  assert.deepEqual(seen, [
    'event: ping\ndata: { "x" : [{"type":"no","y":"}]\\""}, 1e3, null],   "type"\t: "ping" }\n\n',
    'null no',
  ])
})

test('a frame without headers is no event, be it the first or a later one', () => {
  const payload = `{"bytes":"${Buffer.from('{"type":"ping"}').toString('base64')}"}`

  assert.deepEqual(read([frame({}, payload), chunkFrame({ type: 'ping' }), frame({}, payload)]).seen, [
    'event: ping\ndata: {"type":"ping"}\n\n',
  ])
})

test('deltas of every length and shape come out as they were put in', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constant('x'.repeat(5000)))
  fc.assert(
    fc.property(text, fc.boolean(), fc.boolean(), (value, isFirst, isSpaced) => {
      const delta = { type: 'text_delta', text: value }
      const document = isFirst
        ? { type: 'content_block_delta', index: 0, delta }
        : { index: 0, delta, type: 'content_block_delta' }
      const json = JSON.stringify(document, null, isSpaced ? 1 : 0)
      const frames = [chunkFrame({ type: 'ping' }), chunkFrame(json), chunkFrame(json)]

      const written = writtenFor(Buffer.concat(frames))

      const event = `event: content_block_delta\ndata: ${json.replaceAll('\n', ' ')}\n\n`
      assert.equal(written, `event: ping\ndata: {"type":"ping"}\n\n${event}${event}`)
    }),
    { numRuns: 300 },
  )
})

test('the frames of a rehearsal are those of the vendor’s codec', () => {
  const document = { type: 'ping', text: 'ü' }
  const payload = JSON.stringify({ bytes: Buffer.from(JSON.stringify(document)).toString('base64') })
  const headers = { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' }

  assert.deepEqual(amazonFrame(document), frame(headers, payload))
})
