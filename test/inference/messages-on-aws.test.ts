// What `mantle` and `anthropicAws` are sent: the Messages API, signed, or with a key of theirs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { signatureFault } from '../support/aws-signature.ts'
import { KEYS, REGION, REPLY } from '../support/bedrock.ts'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import {
  chunk,
  errorAnswer,
  jsonAnswer,
  LAST_CHUNK,
  type RecordedRequest,
  startUpstream,
  streamHead,
} from '../support/upstream.ts'

const AWS_KEYS = { aws_access_key_id: KEYS.accessKeyId, aws_secret_access_key: KEYS.secretAccessKey }

const PROVIDERS = {
  mantle: {
    service: 'bedrock-mantle',
    path: '/anthropic/v1/messages',
    entry: (origin: string) => ({ base_url: `${origin}/anthropic`, models: ['*'], auth: AWS_KEYS }),
  },
  anthropicAws: {
    service: 'aws-external-anthropic',
    path: '/v1/messages',
    entry: (origin: string) => ({ base_url: origin, workspace_id: 'wrkspc_1', auth: AWS_KEYS }),
  },
} as const

type Provider = keyof typeof PROVIDERS

function refusalOf(request: RecordedRequest, provider: Provider): Buffer | null {
  const { service, path } = PROVIDERS[provider]
  if (!request.path.startsWith(path)) return errorAnswer(404, 'not_found_error', request.path)
  const fault = signatureFault(request, { ...KEYS, region: REGION, service })
  return fault === null ? null : errorAnswer(403, 'permission_error', fault)
}

function usual({ path, body }: RecordedRequest): Buffer {
  if (path.endsWith('/count_tokens')) return jsonAnswer({ input_tokens: 9 })
  if (!body.includes('"stream":true')) return jsonAnswer(REPLY)
  return Buffer.concat([streamHead(), ...REPLY_EVENTS.map(event => chunk(event)), LAST_CHUNK])
}

async function start(
  provider: Provider,
  { auth, isSigned = true }: { auth?: object; isSigned?: boolean } = {},
) {
  const upstream = await startUpstream(
    request => (isSigned ? refusalOf(request, provider) : null) ?? usual(request),
  )
  const entry = PROVIDERS[provider].entry(upstream.origin)
  const relay = await startRelay({
    upstreams: [
      {
        provider,
        region: REGION,
        headers: { 'x-team': 'one' },
        ...entry,
        ...(auth === undefined ? {} : { auth }),
      },
    ],
  })
  return {
    ...{ upstream, relay, port: relay.port },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

for (const provider of Object.keys(PROVIDERS) as Provider[]) {
  test(`${provider} takes messages, streams and counts, signed and byte for byte, without a query`, async () => {
    await using rig = await start(provider)
    const { path } = PROVIDERS[provider]

    const message = await post(rig.port, { path: '/v1/messages?beta=true' })
    const stream = await post(rig.port, { body: STREAM_BODY })
    const count = await post(rig.port, { path: '/v1/messages/count_tokens?beta=true' })

    assert.deepEqual([message.status, message.body], [200, JSON.stringify(REPLY)])
    assert.deepEqual([stream.body, stream.isComplete], [REPLY_EVENTS.join(''), true])
    assert.equal(count.body, '{"input_tokens":9}')
    assert.deepEqual(
      rig.upstream.requests.map(request => [request.path, `${request.body}`]),
      [
        [path, BODY],
        [path, STREAM_BODY],
        [`${path}/count_tokens`, BODY],
      ],
    )
  })

  test(`${provider} gets the model’s other name, and of the developer’s headers those of the Messages API`, async () => {
    await using rig = await start(provider)
    const headers = {
      ...{ accept: 'application/json', 'content-type': 'application/json; charset=utf-8', cookie: 'a=b' },
      ...{
        'anthropic-version': '2023-06-01',
        'anthropic-beta': 'a-1, request-tags-2026-08-21',
        'anthropic-new': '1',
      },
      ...{
        'anthropic-workspace-id': 'wrkspc_else',
        'x-stainless-lang': 'js',
        'user-agent': 'claude-cli/2.1.330',
      },
      ...{ 'x-api-key': 'sk-developer', 'x-amz-date': 'else' },
    }

    const reply = await post(rig.port, {
      body: '{"model":"claude-renamed","tags":{"a":"b"}, "x": 1}',
      headers,
    })

    assert.equal(reply.status, 200)
    const [request] = rig.upstream.requests
    const isMantle = provider === 'mantle'
    assert.equal(
      `${request?.body}`,
      isMantle ? '{"model":"upstream-name", "x": 1}' : '{"model":"upstream-name","tags":{"a":"b"}, "x": 1}',
    )
    const sent = Object.entries(request?.headers ?? {})
    const unsigned = sent.filter(
      ([name]) => !/^(host|connection|content-length|authorization|x-amz-.*)$/.test(name),
    )
    assert.deepEqual(Object.fromEntries(unsigned), {
      ...{
        'content-type': 'application/json; charset=utf-8',
        'accept-encoding': 'identity',
        accept: 'application/json',
      },
      ...{
        'anthropic-version': '2023-06-01',
        'anthropic-new': '1',
        'user-agent': 'gatehouse/9.9.9',
        'x-team': 'one',
      },
      'anthropic-beta': isMantle ? 'a-1' : 'a-1, request-tags-2026-08-21',
      ...(isMantle ? {} : { 'anthropic-workspace-id': 'wrkspc_1' }),
    })
  })

  test(`${provider}: an error in Anthropic’s envelope keeps its words; one that names the account does not`, async () => {
    for (const [words, told] of [
      ['max_tokens: too many', 'max_tokens: too many'],
      ['no access for arn:aws:iam::417380925166:role/x', 'the upstream refused the request'],
      ['workspace 417380925166 is closed', 'the upstream refused the request'],
    ] as const) {
      await using upstream = await startUpstream(() => errorAnswer(400, 'invalid_request_error', words))
      await using relay = await startRelay({
        upstreams: [{ provider, region: REGION, ...PROVIDERS[provider].entry(upstream.origin) }],
      })

      const reply = await post(relay.port)

      assert.deepEqual([reply.status, JSON.parse(reply.body).error.message], [400, told])
      assert.equal(relay.log.lines.join('\n').includes('417380925166'), false)
    }
  })

  test(`the provider’s own client sees the same through ${provider} as straight at the Messages API`, async () => {
    await using direct = await startUpstream(usual)
    await using rig = await start(provider)
    const ask = { model: 'claude-test', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] }
    const seen: unknown[] = []

    for (const port of [direct.port, rig.port]) {
      const client = new Anthropic({
        authToken: 't',
        apiKey: null,
        maxRetries: 0,
        baseURL: `http://127.0.0.1:${port}`,
      })
      const events: unknown[] = []
      for await (const event of client.messages.stream(ask)) events.push(structuredClone(event))
      seen.push([events, await client.messages.create(ask), await client.messages.countTokens(ask)])
    }

    assert.deepEqual(seen[1], seen[0])
  })
}

test('keys of the providers’ own go along in x-api-key, and nothing is signed', async () => {
  const forms = [
    ['mantle', { aws_bearer_token: 'marked-key' }],
    ['anthropicAws', { api_key: 'marked-key' }],
    ['anthropicAws', { api_key: 'marked-key', ...AWS_KEYS }],
  ] as const
  for (const [provider, auth] of forms) {
    await using rig = await start(provider, { auth, isSigned: false })

    assert.equal((await post(rig.port)).status, 200)

    const { 'x-api-key': key, authorization, 'x-amz-date': date } = rig.upstream.requests[0]?.headers ?? {}
    assert.deepEqual([key, authorization, date], ['marked-key', undefined, undefined])
  }
})
