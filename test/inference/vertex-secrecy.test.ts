// Whatever Google answers, no developer and no log reads the token, the project or the service account.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { REPLY_EVENTS, sse } from '../support/sse.ts'
import { answer, chunk, jsonAnswer, LAST_CHUNK, type Script, streamHead } from '../support/upstream.ts'
import { ACCOUNT, googleError, PROJECT, startVertex, TOKEN } from '../support/vertex.ts'

/** All that there is to know about the operator, in one text. */
const WORDS = `messages.0: ${ACCOUNT} of projects/${PROJECT} (${PROJECT}) denied, Bearer ya29.${'z'.repeat(40)}`

const HEAD = {
  'x-goog-project': PROJECT,
  'www-authenticate': `Bearer realm="${PROJECT}", account="${ACCOUNT}"`,
}

const envelope = (message: string, details?: object) => ({
  type: 'error',
  error: { type: 'invalid_request_error', message, details },
  request_id: 'req_vrtx_1',
})

const ANSWERS: readonly (() => Buffer)[] = [
  ...[400, 401, 403, 404, 409, 413, 429, 500, 503].flatMap(status => [
    () => googleError(status, 'STATUS', WORDS),
    () => googleError(status, 'STATUS', WORDS, { wrapped: true }),
    () => jsonAnswer(envelope(WORDS), { status, headers: HEAD }),
    () => jsonAnswer(envelope('no', { project: PROJECT }), { status, headers: HEAD }),
    () => answer({ status, headers: HEAD, body: `<html>${WORDS} ${TOKEN}` }),
  ]),
  () => answer({ status: 302, headers: { location: `https://${PROJECT}.example.com/${TOKEN}` } }),
  () => stream(`event: error\ndata: ${JSON.stringify(envelope(WORDS))}\n\n`),
  () => stream(`data: ${JSON.stringify({ error: { code: 503, message: WORDS } })}\n\n`),
  () => stream(`event: error\ndata: ${WORDS}\n\n`),
  () => stream(sse('message_stop'), HEAD),
]

function stream(last: string, head: Readonly<Record<string, string>> = {}): Buffer {
  return Buffer.concat([streamHead(head), chunk(REPLY_EVENTS[0] ?? ''), chunk(last), LAST_CHUNK])
}

for (const path of ['/v1/messages', '/v1/messages/count_tokens']) {
  test(`no answer of Google's to ${path} tells a developer, the log or the audit who the operator is`, async t => {
    let number = 0
    const script: Script = () => ANSWERS[number % ANSWERS.length]?.()
    // Eleven minutes between two: what was learned of counting is forgotten.
    await using rig = await startVertex(t, { script, clock: () => number * 660_000 })
    const replies: string[] = []

    for (; number < ANSWERS.length; number += 1) {
      const reply = await post(rig.port, { path, body: path.endsWith('messages') ? STREAM_BODY : BODY })
      replies.push(JSON.stringify([reply.headers, reply.body]))
    }

    const events = await rig.relay.audited(ANSWERS.length)
    const told = {
      replies: replies.join('\n'),
      log: rig.relay.log.lines.join('\n'),
      audit: JSON.stringify(events),
    }
    for (const [where, text] of Object.entries(told)) {
      for (const secret of [TOKEN, PROJECT, ACCOUNT, 'gserviceaccount', 'zzzz'])
        assert.equal(text.includes(secret), false, `${where}: ${secret}`)
    }
    assert.match(told.log, /denied/)
  })
}
