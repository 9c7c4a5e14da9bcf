// Streams of Bedrock under pressure: readers that are slow, gone, or told to go; what is held meanwhile.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { chunkFrame, frameStream, framesOf, startBedrock } from '../support/bedrock.ts'
import { parseAnswer, received } from '../support/raw-http.ts'
import { openPost, STREAM_BODY } from '../support/relay-client.ts'
import { delta, REPLY_EVENTS, unchunk } from '../support/sse.ts'
import { chunk } from '../support/upstream.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** What this process holds in buffers, without those that nobody refers to any more. */
function bytesHeld(): number {
  collectGarbage()
  collectGarbage() // waits for what the first one freed to be swept
  return process.memoryUsage().arrayBuffers
}

const FRAMES = framesOf(REPLY_EVENTS)
const OPENING = frameStream(FRAMES.slice(0, 1), { ends: false })
const documentOf = (event: string) => event.slice(event.indexOf('data: ') + 6, -2)

test('a reader that never reads holds Bedrock back, and is cut off in the end', async () => {
  const bytes = chunk(chunkFrame(documentOf(delta('x'.repeat(8000)))))
  let written = 0
  const closed = Promise.withResolvers<void>()
  await using rig = await startBedrock({
    clientStallMs: 300,
    script: (_request, socket) => {
      socket.write(OPENING)
      const flood = () => {
        while (!socket.destroyed && socket.write(bytes)) written += bytes.length
      }
      socket.on('drain', flood).on('close', () => closed.resolve())
      flood()
    },
  })
  const before = bytesHeld()

  const socket = openPost(rig.port, { body: STREAM_BODY }).pause()
  await closed.promise

  // The kernel's buffers on both connections take a few MiB each; nothing may grow in the process.
  assert.ok(written < 32 * 1024 * 1024, `${written} bytes were taken from the upstream`)
  assert.ok(bytesHeld() - before < 2 * 1024 * 1024)
  assert.equal((await rig.relay.audited(1))[0]?.outcome, 'client_abort')
  socket.destroy()
})

test('a slow reader gets every byte, in order', async () => {
  const events = [
    ...REPLY_EVENTS.slice(0, 1),
    ...Array.from({ length: 3000 }, (_, at) => delta(`${at} ${'y'.repeat(1000)}`)),
  ]
  const all = [...events, ...REPLY_EVENTS.slice(-2)]
  const frames = Buffer.concat(framesOf(all))
  const pieces: Buffer[] = []
  for (let at = 0; at < frames.length; at += 9973) pieces.push(frames.subarray(at, at + 9973))
  await using rig = await startBedrock({ script: () => frameStream(pieces) })
  const socket = openPost(rig.port, { body: STREAM_BODY })
  const chunks: Buffer[] = []
  socket.on('data', (bytes: Buffer) => {
    chunks.push(bytes)
    socket.pause()
    setImmediate(() => socket.resume())
  })

  await once(socket, 'end')

  const { body, isComplete } = unchunk(parseAnswer(Buffer.concat(chunks).toString()).body)
  assert.ok(isComplete && body === all.join(''))
  socket.destroy()
})

test('a developer who leaves during a stream ends the request to Bedrock', async () => {
  const ended = Promise.withResolvers<void>()
  await using rig = await startBedrock({
    script: (_request, socket) => {
      socket.on('close', () => ended.resolve())
      return OPENING
    },
  })
  const socket = openPost(rig.port, { body: STREAM_BODY })
  await once(socket, 'data')

  socket.destroy()

  await ended.promise
  const [event] = await rig.relay.audited(1)
  assert.deepEqual([event?.outcome, event?.usage?.input], ['client_abort', 11])
})

test('when the drain window ends, a stream is cut after a whole event, or before its first one', async () => {
  const half = FRAMES[1]?.subarray(0, 60) ?? Buffer.alloc(0)
  await using begun = await startBedrock({ script: () => Buffer.concat([OPENING, chunk(half)]) })
  await using undecided = await startBedrock({ script: () => frameStream([half], { ends: false }) })
  const socket = openPost(begun.port, { body: STREAM_BODY })
  const reply = received(socket)
  await once(socket, 'data')
  const other = received(openPost(undecided.port, { body: STREAM_BODY }))
  await undecided.bedrock.request(1)

  for (const { relay } of [begun, undecided]) {
    relay.drain.begin()
    relay.drain.cut(0)
  }

  assert.deepEqual(unchunk(parseAnswer(await reply).body), { body: REPLY_EVENTS[0], isComplete: false })
  assert.equal(await other, '')
  for (const { relay } of [begun, undecided]) assert.equal((await relay.audited(1))[0]?.outcome, 'drained')
})

test('a stream that Bedrock lets hang is given up at the idle limit', async () => {
  await using begun = await startBedrock({ idleMs: 50, script: () => OPENING })

  const socket = openPost(begun.port, { body: STREAM_BODY })

  assert.deepEqual(unchunk(parseAnswer(await received(socket)).body), {
    body: REPLY_EVENTS[0],
    isComplete: false,
  })
  assert.equal((await begun.relay.audited(1))[0]?.outcome, 'upstream_abort')
})
