// After a life full of secrets nothing that the gateway wrote, stored or answered holds one that does not belong there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveMarkedLife } from '../support/marked-life.ts'

/** The private words in `text`, each once. */
function marksIn(text: string): string[] {
  return [...new Set(text.match(/marked-[a-z-]*[a-z]/g))].sort()
}

/** The names of those secrets that stand in `text`: whole, their later half, or encoded. */
function secretsIn(text: string, secrets: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.keys(secrets).filter(name =>
    secrets[name]?.some(secret => formsOf(secret).some(form => text.includes(form))),
  )
}

// The beginnings of sealed tokens are all the same.
function formsOf(secret: string): string[] {
  const half = secret.slice(secret.length / 2)
  return [secret, half, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, -4)]
}

for (const format of ['text', 'json'] as const) {
  test(`no secret, token, code, prompt or claim is logged (${format}), stored, or answered where it does not belong`, async () => {
    const life = await liveMarkedLife(format)

    const { stderr, stdout, tables, replies, upstream, secrets } = life
    assert.equal(stdout, '')
    assert.deepEqual([marksIn(stderr), secretsIn(stderr, secrets)], [[], []])
    assert.doesNotMatch(stderr, /eyJ[\w-]{8}/)
    assert.deepEqual([marksIn(tables), secretsIn(tables, secrets)], [[], ['user_code']])
    // The last is a header of the upstream's own; its cookie is kept back.
    assert.deepEqual(marksIn(replies), ['marked-completion', 'marked-idp-text', 'marked-upstream-header'])
    // What the terminal and the browser need; everything else stays between the gateway and the provider.
    assert.deepEqual(secretsIn(replies, secrets), [
      'device_code',
      'user_code',
      'bearer',
      'refresh_token',
      'state',
      'nonce',
    ])
    const sent = upstream.requests
      .map(({ line, headers, body }) => `${line} ${JSON.stringify(headers)} ${body}`)
      .join('\n')
    assert.deepEqual(secretsIn(sent, secrets), [])
    assert.deepEqual(marksIn(sent), [
      ...['marked-prompt', 'marked-query', 'marked-system', 'marked-tool-input', 'marked-tool-result'],
      'marked-upstream-api-key',
    ])
  })
}

test('the life that is searched has every secret and every kind of event in it', async () => {
  const { stderr, secrets } = await liveMarkedLife('json')

  const events = stderr
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const told = new Set(
    events.flatMap(({ evt, result, status }) => (evt ? [[evt, result ?? status].join(' ').trim()] : [])),
  )
  const empty = Object.values(secrets).filter(values => values.length === 0 || values.includes(''))
  assert.deepEqual(empty, [])
  assert.deepEqual([...told].sort(), [
    ...['auth.denied', 'config.load success', 'device.authorize error', 'device.authorize success'],
    ...['device.callback approved', 'device.callback bad_state', 'device.callback browser_mismatch'],
    ...['device.callback idp_error', 'device.verify csrf_rejected', 'device.verify redirect'],
    ...['inference 200', 'inference 400', 'inference 401', 'inference 403', 'inference 429', 'inference 502'],
    ...['server.stop', 'session.mint fail', 'session.mint success'],
    ...['session.refresh fail', 'session.refresh success', 'session.revoke'],
  ])
})
