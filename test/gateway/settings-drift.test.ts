// The state of a client's settings in the audit of its requests; the checksum that it sends goes nowhere.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSession } from '../support/claude-settings.ts'
import { ASK, openWholeGateway } from '../support/whole-gateway.ts'

const HEADER = 'x-claude-code-managed-settings-checksum'
const managed = { policies: [{ match: {}, code: { env: { CLAUDE_CODE_GATEWAY_HINT_HEADERS: '1' } } }] }

test('each request says whether its client works with the settings of its policy', async () => {
  const gatehouse = { policy: { settings_drift: 'report' } }
  await using whole = await openWholeGateway({ sections: { managed, gatehouse } })
  const { access_token: bearer } = await whole.tokens()
  const { url, events, lines } = whole.gateway
  const start = await startSession(url, bearer)
  assert.ok(start.kind === 'started' && start.held !== null)
  const strange = 'cd'.repeat(32)
  const send = (path: string, headers: Record<string, string>) =>
    fetch(url + path, {
      ...{ method: 'POST', body: JSON.stringify(ASK) },
      headers: { authorization: `Bearer ${bearer}`, ...headers },
    }).then(async answer => `${[...answer.headers].join()}${await answer.text()}`)

  const answers = [
    await send('/v1/messages', { [HEADER]: start.held.etag.slice(1, -1) }),
    await send('/v1/messages', { [HEADER]: strange }),
    await send('/v1/messages/count_tokens', {}),
  ]

  await whole.gateway.drain.whenIdle(10_000)
  const states = events.flatMap(event => (event.evt === 'inference' ? [event.settings_state] : []))
  assert.deepEqual(states, ['current', 'unknown', 'missing'])
  const sent = whole.upstreams.flatMap(({ requests }) =>
    requests.map(({ headers }) => JSON.stringify(headers)),
  )
  for (const place of [...answers, ...lines, JSON.stringify(events), ...sent])
    assert.ok(!place.includes(strange))
})

test('nothing is said where nobody asks', async () => {
  await using whole = await openWholeGateway({ sections: { managed } })
  const { access_token: bearer } = await whole.tokens()

  await whole.ask(bearer)
  await whole.gateway.drain.whenIdle(10_000)

  const [event] = whole.gateway.events.filter(({ evt }) => evt === 'inference')
  assert.ok(event?.evt === 'inference')
  assert.equal(event.settings_state, undefined)
  const { rows } = await whole.database.pool.query('select from settings_checksums')
  assert.equal(rows.length, 0)
})
