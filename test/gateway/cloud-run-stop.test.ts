// The end of an instance on Cloud Run, which kills ten seconds after SIGTERM (G-39).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStreams, startStreaming, streamOf, WHOLE_EVENTS } from '../support/held-streams.ts'
import { exchangeOpen } from '../support/raw-http.ts'
import { REPLY_EVENTS } from '../support/sse.ts'

const ON_CLOUD_RUN = { K_SERVICE: 'gatehouse', K_REVISION: 'gatehouse-00002-abc' }
const STREAMS = 50
const FINISHING = 10

/** The window is shorter than the platform's, and still long enough for ten answers on a busy machine. */
const WINDOW_MS = 2000

/** Half a second before the platform would. */
const KILLED_AFTER_MS = 9500

test('50 streams: what ends within the window is whole, the rest is cut after a whole event, each has its audit line, and the process has ended by itself before Cloud Run kills it', async () => {
  await using sut = await startStreaming(WINDOW_MS, { variables: ON_CLOUD_RUN })
  const streams = await openStreams(sut.port, STREAMS)

  sut.gateway.signal('SIGTERM')
  const kill = setTimeout(() => sut.gateway.signal('SIGKILL'), KILLED_AFTER_MS)
  await sut.gateway.line('stopping: ')
  const late = await exchangeOpen(sut.port, 'GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n')
  sut.finish(FINISHING)
  const answers = (await Promise.all(streams)).map(streamOf)
  const code = await sut.gateway.exited
  clearTimeout(kill)

  assert.equal(code, 0)
  assert.equal(late, '')
  assert.deepEqual(tally(answers), {
    [JSON.stringify({ body: REPLY_EVENTS.join(''), isComplete: true })]: FINISHING,
    [JSON.stringify({ body: WHOLE_EVENTS, isComplete: false })]: STREAMS - FINISHING,
  })
  const events = sut.gateway.events().filter(({ evt }) => evt === 'inference' || evt === 'server.stop')
  assert.deepEqual(
    events.map(({ evt, outcome, signal, cut }) => (evt === 'inference' ? outcome : { signal, cut })),
    [
      ...Array.from({ length: FINISHING }, () => undefined), // nothing cut them
      ...Array.from({ length: STREAMS - FINISHING }, () => 'drained'),
      { signal: 'SIGTERM', cut: STREAMS - FINISHING },
    ],
  )
  assert.equal(new Set(events.map(({ request_id }) => request_id)).size, STREAMS + 1)
})

function tally(answers: readonly object[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const answer of answers.map(one => JSON.stringify(one))) counts[answer] = (counts[answer] ?? 0) + 1
  return counts
}
