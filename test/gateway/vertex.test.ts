// A whole gateway in front of Vertex: configuration, sign-in, Google's library, and the audit of what it served.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { granted, onGoogle } from '../support/google.ts'
import { startUpstream } from '../support/upstream.ts'
import { googleError, PROJECT, REPLY, refusalOf, TOKEN, usualAnswer, vertexEntry } from '../support/vertex.ts'
import { ASK, openWholeGateway } from '../support/whole-gateway.ts'

test('a signed-in developer is served by Vertex, and sees and leaves no trace of the project', async t => {
  await onGoogle(t, response => response.end(granted(TOKEN)))
  let isDenied = false
  await using vertex = await startUpstream(
    request =>
      refusalOf(request) ??
      (isDenied
        ? googleError(403, 'PERMISSION_DENIED', `denied on projects/${PROJECT}`)
        : usualAnswer(request)),
  )
  await using whole = await openWholeGateway({ sections: { upstreams: [vertexEntry(vertex.origin)] } })
  const { access_token } = await whole.tokens()

  const served = await whole.ask(access_token, { ...ASK, model: 'claude-haiku-4-5' })
  isDenied = true
  const denied = await whole.ask(access_token)

  assert.deepEqual([served.status, served.body], [200, JSON.stringify(REPLY)])
  assert.match(vertex.requests[0]?.path ?? '', /\/models\/claude-haiku-4-5@20251001:rawPredict$/)
  assert.deepEqual(
    [denied.status, JSON.parse(denied.body).error],
    [403, { type: 'permission_error', message: 'the upstream denied the gateway; tell its operator' }],
  )
  const { gateway } = whole
  assert.deepEqual(
    gateway.events.flatMap(event =>
      event.evt === 'inference'
        ? [[event.model, event.upstream, event.upstream_request_id, event.status, event.usage?.input]]
        : [],
    ),
    [
      ['claude-haiku-4-5', 'vertex', 'req_vrtx_2', 200, 3],
      ['claude-sonnet-5', 'vertex', undefined, 403, undefined],
    ],
  )
  const written = JSON.stringify([gateway.events, gateway.lines, served, denied])
  for (const secret of [PROJECT, TOKEN, 'gserviceaccount']) assert.equal(written.includes(secret), false)
  assert.match(written, /denied on projects\/\[masked\]/)
})
