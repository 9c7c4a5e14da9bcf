// Upstreams gone and back, seen from signed-in work, sign-in and readiness.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { API_KEY } from '../support/gateway.ts'
import { startUpstream } from '../support/upstream.ts'
import { openWholeGateway, polite } from '../support/whole-gateway.ts'

type Whole = Awaited<ReturnType<typeof openWholeGateway>>

function inferences({ gateway }: Whole): readonly unknown[] {
  return gateway.events.flatMap(event =>
    event.evt === 'inference' ? [[event.status, event.upstream, event.attempts]] : [],
  )
}

test('with one upstream unreachable the next one answers, each request anew', async () => {
  await using second = await startUpstream(polite)
  const gone = `http://127.0.0.1:${await freePort()}`
  const upstreams = [gone, second.origin].map((base_url, index) => ({
    ...{ provider: 'anthropic', name: `upstream-${index + 1}`, base_url, auth: { api_key: API_KEY } },
  }))
  await using whole = await openWholeGateway({ sections: { upstreams } })
  const { access_token } = await whole.tokens()

  const answers = [await whole.ask(access_token), await whole.ask(access_token)]

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.deepEqual(inferences(whole), [
    [200, 'upstream-2', 2],
    [200, 'upstream-2', 2],
  ])
  const warnings = whole.gateway.lines.filter(line => line.startsWith('warn upstream upstream-1 failed'))
  assert.equal(warnings.length, 2)
})

test('with every upstream gone the developer is told, everything else works, and work goes on when one is back', async () => {
  let isDown = true
  await using whole = await openWholeGateway({
    scripts: [
      (request, socket) => (isDown ? socket.destroy() : polite(request, socket)),
      (_request, socket) => socket.destroy(),
    ],
  })

  const { access_token, refresh_token } = await whole.tokens()
  const down = await whole.ask(access_token)
  const refresh = await whole.terminal.refresh(refresh_token)
  const ready = await whole.get('/readyz')
  isDown = false
  const back = await whole.ask(access_token)

  assert.deepEqual(
    [down.status, JSON.parse(down.body).error],
    [502, { type: 'api_error', message: 'no upstream could answer (2 configured)' }],
  )
  assert.deepEqual([refresh.status, ready.body, back.status], [200, 'ready', 200])
  assert.deepEqual(inferences(whole), [
    [502, null, 2],
    [200, 'upstream-1', 1],
  ])
})
