// What is sent to Bedrock: judged by a stand-in that checks the signature and refuses what the service refuses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { awsEnvironment, ROLE, startTokenService } from '../support/aws.ts'
import { bedrockEntry, KEYS, REPLY, startBedrock, usualAnswer } from '../support/bedrock.ts'
import { openBehind } from '../support/proxied-network.ts'
import { startForwardProxy } from '../support/proxy.ts'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { startUpstream } from '../support/upstream.ts'

const VERSION = '"anthropic_version":"bedrock-2023-05-31"'

test('a message is invoked: the model in the path, the version in the body, every other byte as it came', async () => {
  await using rig = await startBedrock({ upstream: { headers: { 'X-Team': 'one  two' } } })
  const body =
    '{ "model" : "claude-test",\n "max_tokens":\t64, "messages":[{"role":"user","content":"\\u0068i ✓"}], "x":1.0e2 }'

  const reply = await post(rig.port, { body, path: '/v1/messages?beta=true' })

  assert.deepEqual([reply.status, reply.body], [200, JSON.stringify(REPLY)])
  const [request] = rig.bedrock.requests
  assert.equal(request?.line, 'POST /model/us.anthropic.claude-test-v1%3A0/invoke HTTP/1.1')
  assert.equal(
    `${request?.body}`,
    `{${VERSION}, \n "max_tokens":\t64, "messages":[{"role":"user","content":"\\u0068i ✓"}], "x":1.0e2 }`,
  )
})

test('a stream is invoked with a response stream, without `stream`, and becomes server-sent events', async () => {
  await using rig = await startBedrock()

  const reply = await post(rig.port, { body: STREAM_BODY })

  assert.deepEqual([reply.status, reply.body, reply.isComplete], [200, REPLY_EVENTS.join(''), true])
  assert.equal(reply.headers['content-type'], 'text/event-stream; charset=utf-8')
  assert.equal(
    rig.bedrock.requests[0]?.path,
    '/model/us.anthropic.claude-test-v1%3A0/invoke-with-response-stream',
  )
})

test('betas move from the header into the body, with those already there, once each and without request tags', async () => {
  await using rig = await startBedrock()
  const betaOf = async (header: string | null, body: string) => {
    await post(rig.port, { body, headers: header === null ? {} : { 'anthropic-beta': header } })
    return JSON.parse(`${rig.bedrock.requests.at(-1)?.body}`).anthropic_beta
  }
  const withBetas = `{"anthropic_beta":["c-3","a-1",7],${BODY.slice(1)}`

  assert.deepEqual(await betaOf(' a-1, b-2 ,request-tags-2026-08-21,,a-1', BODY), ['a-1', 'b-2'])
  assert.deepEqual(await betaOf('a-1', withBetas), ['a-1', 'c-3'])
  assert.deepEqual(await betaOf(null, withBetas), ['c-3', 'a-1'])
  assert.equal(await betaOf('request-tags-2026-08-21', BODY), undefined)
  assert.equal(await betaOf(null, `{"anthropic_beta":"a-1",${BODY.slice(1)}`), undefined)
  assert.equal(await betaOf(null, `{"tags":{"a":"b"},"anthropic_beta":[],${BODY.slice(1)}`), undefined)
})

test('of the developer’s headers Bedrock gets none; the operator’s are signed', async () => {
  await using rig = await startBedrock({ upstream: { headers: { 'x-team': 'one' } } })

  await post(rig.port, {
    headers: {
      ...{ accept: 'text/event-stream', 'content-type': 'text/plain', cookie: 'a=b', 'x-api-key': 'sk-dev' },
      ...{ 'anthropic-version': '2023-06-01', 'anthropic-new': '1', 'x-stainless-lang': 'js' },
      ...{ 'user-agent': 'claude-cli/2.1.330', 'x-amz-security-token': 'else', 'x-amz-date': 'else' },
      ...{ traceparent: '00-1-1-00', 'x-claude-gateway-user-id': 'else', 'accept-encoding': 'br' },
    },
  })

  const sent = rig.bedrock.requests[0]?.headers ?? {}
  const { host, connection, 'content-length': _, authorization = '', ...headers } = sent
  assert.match(
    authorization,
    new RegExp(
      `^AWS4-HMAC-SHA256 Credential=${KEYS.accessKeyId}/\\d{8}/us-east-1/bedrock/aws4_request, ` +
        'SignedHeaders=accept;content-type;host;x-amz-content-sha256;x-amz-date;x-team, Signature=[0-9a-f]{64}$',
    ),
  )
  const { 'x-amz-date': date = '', 'x-amz-content-sha256': hash = '', ...rest } = headers
  assert.match(`${date} ${hash}`, /^\d{8}T\d{6}Z [0-9a-f]{64}$/)
  assert.deepEqual(rest, {
    ...{ 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity' },
    ...{ 'user-agent': 'gatehouse/9.9.9', 'x-team': 'one' },
  })
})

test('a count asks about the foundation model, with the body it would be invoked with', async () => {
  await using rig = await startBedrock()
  const body =
    '{"model":"claude-test","tools":[ ],"thinking":{"type":"enabled","budget_tokens":2048},"messages":[],"stream":true}'
  const betas = 'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27'

  const reply = await post(rig.port, {
    path: '/v1/messages/count_tokens?beta=true',
    body,
    headers: { 'anthropic-beta': betas },
  })

  assert.deepEqual([reply.status, reply.body], [200, '{"input_tokens":9}'])
  const [request] = rig.bedrock.requests
  assert.equal(request?.path, '/model/anthropic.claude-test-v1%3A0/count-tokens')
  const inner = Buffer.from(JSON.parse(`${request?.body}`).input.invokeModel.body, 'base64').toString()
  assert.equal(
    inner,
    `{"max_tokens":2049,${VERSION},"anthropic_beta":["claude-code-20250219","context-management-2025-06-27"],` +
      '"thinking":{"type":"enabled","budget_tokens":2048},"messages":[]}',
  )
})

test('the `max_tokens` of a count is the least there is', async () => {
  await using rig = await startBedrock()

  await post(rig.port, { path: '/v1/messages/count_tokens' })

  const { body } = JSON.parse(`${rig.bedrock.requests[0]?.body}`).input.invokeModel
  assert.equal(
    Buffer.from(body, 'base64').toString(),
    `{${VERSION},"max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`,
  )
})

test('an application’s profile is invoked by its ARN as one segment, and never asked to count', async () => {
  const arn = 'arn:aws:bedrock:us-east-1:417380925166:application-inference-profile/a1b2c3'
  await using rig = await startBedrock({ models: { 'claude-arn': arn } })
  const body = BODY.replace('claude-test', 'claude-arn')

  const reply = await post(rig.port, { body })
  const count = await post(rig.port, { path: '/v1/messages/count_tokens', body })

  assert.equal(reply.status, 200)
  assert.deepEqual(
    rig.bedrock.requests.map(({ path }) => path),
    [`/model/${encodeURIComponent(arn)}/invoke`],
  )
  assert.deepEqual([count.status, JSON.parse(count.body).error.type], [404, 'not_found_error'])
})

test('a bearer token goes along as it is, and nothing is signed', async () => {
  await using rig = await startBedrock({ upstream: { auth: { aws_bearer_token: 'ABSKmarked' } } })

  await post(rig.port)

  const { authorization, 'x-amz-date': date } = rig.bedrock.requests[0]?.headers ?? {}
  assert.deepEqual([authorization, date], ['Bearer ABSKmarked', undefined])
})

test('a forward proxy is told Bedrock’s name; the token service it is told by the judged address', async t => {
  const service = await startTokenService(t)
  const { port } = new URL(service.origin)
  awsEnvironment(t, { AWS_ENDPOINT_URL_STS: `http://model.example.com:${port}` })
  await using proxy = await startForwardProxy()
  await using bedrock = await startUpstream(usualAnswer)
  const base_url = `http://model.example.com:${bedrock.port}`
  await using relay = await startRelay({
    network: openBehind(t, proxy),
    upstreams: [{ ...bedrockEntry(base_url), assume_role: { role_arn: ROLE } }],
  })

  assert.equal((await post(relay.port)).status, 200)

  assert.deepEqual(
    proxy.requests.map(({ authority }) => authority),
    [`127.0.0.1:${port}`, new URL(base_url).host],
  )
})
