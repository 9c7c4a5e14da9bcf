import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InferenceObserver } from '../../app/inference/observer.ts'
import { openPost } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { errorAnswer, jsonAnswer, type RecordedRequest, startUpstream } from '../support/upstream.ts'

/** Leaves before the first byte of the answer to `body`; the count endpoint answers with `count`. */
async function abandon(body: object, count: Buffer) {
  const counted = Promise.withResolvers<RecordedRequest>()
  await using upstream = await startUpstream(request => {
    if (request.path.startsWith('/v1/messages/count_tokens')) {
      counted.resolve(request)
      return count
    }
    return undefined
  })
  const uncounted: string[] = []
  const observer: InferenceObserver = {
    trace: () => null,
    streaming() {},
    uncounted: name => void uncounted.push(name),
    over() {},
  }
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], observer })
  const socket = openPost(relay.port, {
    body: JSON.stringify(body),
    headers: { 'anthropic-version': '2026-10-21' },
  })
  await upstream.request(1)

  socket.destroy()

  const question = await counted.promise
  const [event] = await relay.audited(1)
  while (relay.records.length + uncounted.length === 0) await new Promise(setImmediate)
  return { question, records: relay.records, uncounted, event }
}

const BODY = {
  model: 'claude-renamed',
  max_tokens: 5,
  stream: true,
  temperature: 1,
  metadata: { user_id: 'u' },
  system: 's',
  messages: [{ role: 'user', content: 'hi' }],
}

test('what an abandoned request cost at least is asked of the free count, in the background', async () => {
  const { question, records, event } = await abandon(BODY, jsonAnswer({ input_tokens: 77 }))

  assert.equal(question.headers['anthropic-version'], '2026-10-21')
  assert.deepEqual(JSON.parse(question.body.toString()), {
    model: 'upstream-name',
    messages: BODY.messages,
    system: 's',
  })
  assert.deepEqual(
    records.map(({ parts, served_model, estimated, aborted }) => ({
      parts,
      served_model,
      estimated,
      aborted,
    })),
    [
      {
        parts: [
          {
            model: 'upstream-name',
            input: 77,
            output: 0,
            cache_write_5m: 0,
            cache_write_1h: 0,
            cache_read: 0,
          },
        ],
        ...{ served_model: 'upstream-name', estimated: true, aborted: true },
      },
    ],
  )
  assert.equal(event?.outcome, 'client_abort')
  assert.equal(event?.usage, undefined)
})

test('with a cached prompt it counts as read from the cache: a floor, never more than was charged', async () => {
  const system = [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }]

  const { records } = await abandon({ ...BODY, system }, jsonAnswer({ input_tokens: 77 }))

  assert.deepEqual(
    records.map(({ parts }) => [parts[0]?.input, parts[0]?.cache_read]),
    [[0, 77]],
  )
})

test('when the count is refused, nothing is recorded, and that is counted', async () => {
  const { records, uncounted } = await abandon(BODY, errorAnswer(500, 'api_error'))

  assert.deepEqual([records, uncounted], [[], ['upstream-1']])
})
