// Whatever Azure answers, no developer and no log reads the key, the token or the resource; errors are in our words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { azure, CLIENT, entraNetwork, grants, TENANT } from '../support/entra.ts'
import { azureError, KEY, RESOURCE, startFoundry } from '../support/foundry.ts'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { REPLY_EVENTS, sse } from '../support/sse.ts'
import { answer, chunk, jsonAnswer, LAST_CHUNK, type Script, streamHead } from '../support/upstream.ts'

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJtYXJrZWQiOiJ0b2tlbiJ9.c2lnbmF0dXJl'

/** All that there is to know about the operator, in one text. */
const WORDS = `messages.0: resource ${RESOURCE} (ops@${RESOURCE}.example.com) denied, Bearer ${TOKEN.slice(0, -4)}zzzz`

const HEAD = {
  'x-ms-deployment-name': RESOURCE,
  'www-authenticate': `Bearer realm="${RESOURCE}"`,
  'azureml-model-session': RESOURCE,
}

const envelope = (message: string, details?: object) => ({
  type: 'error',
  error: { type: 'invalid_request_error', message, details },
  request_id: 'req_fdry_1',
})

const ANSWERS: readonly (() => Buffer)[] = [
  ...[400, 401, 403, 404, 408, 409, 413, 429, 500, 503, 529].flatMap(status => [
    () => azureError(status, 'Code', WORDS),
    () => jsonAnswer({ statusCode: status, message: WORDS }, { status, headers: HEAD }),
    () => jsonAnswer(envelope(WORDS), { status, headers: HEAD }),
    () => jsonAnswer(envelope('no', { resource: RESOURCE }), { status, headers: HEAD }),
    () => answer({ status, headers: HEAD, body: `<html>${WORDS} ${KEY} ${TOKEN}` }),
  ]),
  () => answer({ status: 302, headers: { location: `https://${RESOURCE}.example.com/${KEY}` } }),
  () => stream(`event: error\ndata: ${JSON.stringify(envelope(WORDS))}\n\n`),
  () => stream(`event: error\ndata: ${WORDS}\n\n`),
  () => stream(sse('message_stop'), HEAD),
]

function stream(last: string, head: Readonly<Record<string, string>> = {}): Buffer {
  return Buffer.concat([streamHead(head), chunk(REPLY_EVENTS[0] ?? ''), chunk(last), LAST_CHUNK])
}

for (const auth of [{ api_key: KEY }, { use_azure_ad: true }]) {
  for (const path of ['/v1/messages', '/v1/messages/count_tokens']) {
    test(`no answer of Azure's to ${path} with ${Object.keys(auth)} tells a developer, the log or the audit who the operator is`, async t => {
      azure(t, {
        AZURE_TENANT_ID: TENANT,
        AZURE_CLIENT_ID: CLIENT,
        AZURE_CLIENT_SECRET: 'marked~client~secret',
      })
      const { network } = await entraNetwork(t, response => response.end(grants(TOKEN)))
      let number = 0
      const script: Script = () => ANSWERS[number % ANSWERS.length]?.()
      await using rig = await startFoundry({
        ...{ network, script, upstream: { auth } },
        accepted: () => ('api_key' in auth ? KEY : `Bearer ${TOKEN}`),
        // Eleven minutes between two: what was learned of counting is forgotten.
        clock: () => number * 660_000,
      })
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
        for (const secret of [TOKEN, 'zzzz', KEY, RESOURCE, 'marked~client~secret', TENANT, CLIENT])
          assert.equal(text.includes(secret), false, `${where}: ${secret}`)
      }
      assert.match(told.log, /denied/)
    })
  }
}

/** What the developer reads when Azure answers with `reply`. */
async function told(reply: Buffer): Promise<unknown> {
  await using rig = await startFoundry({ script: () => reply })
  const { status, body } = await post(rig.port)
  const { error } = JSON.parse(body)
  return [status, error.type, error.message]
}

test('errors of Azure’s own are told in our words; those of the model in its own', async () => {
  const long = 'prompt is too long: 201000 tokens > 200000 maximum'

  assert.deepEqual(await told(azureError(400, 'content_filter', 'The response was filtered')), [
    400,
    'invalid_request_error',
    'the upstream refused the request',
  ])
  assert.deepEqual(await told(jsonAnswer(envelope(long), { status: 400 })), [
    400,
    'invalid_request_error',
    long,
  ])
  assert.deepEqual(await told(azureError(404, 'DeploymentNotFound', 'The API deployment does not exist.')), [
    404,
    'not_found_error',
    'the upstream does not have this model',
  ])
  assert.deepEqual(await told(azureError(429, 'RateLimitReached', 'of your S0 tier')), [
    429,
    'rate_limit_error',
    'the upstream is rate limiting the gateway',
  ])
})
