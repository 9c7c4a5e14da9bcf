// Google's real library gives Vertex its bearer: from a metadata server, a key file, a federation file.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openNetwork } from '../../app/net/network.ts'
import {
  ambient,
  credentialsFile,
  googleNetwork,
  granted,
  onGoogle,
  serviceAccount,
} from '../support/google.ts'
import { openPost, post } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'
import { googleError, REPLY, refusalOf, startVertex, usualAnswer, vertexEntry } from '../support/vertex.ts'

/** A relay in front of Vertex, which takes `accepted` tokens only, on a runtime whose metadata server is `metadata`. */
async function onRuntime(
  t: TestContext,
  metadata: (response: ServerResponse, number: number) => void,
  { accepted = /^Bearer / }: { accepted?: RegExp } = {},
) {
  const time = { now: 0 }
  let number = 0
  const { asked } = await onGoogle(t, response => {
    number += 1
    metadata(response, number)
  })
  const seen: string[] = []
  const vertex = await startUpstream(request => {
    const bearer = request.headers['authorization'] ?? ''
    seen.push(bearer.replace('Bearer ', ''))
    return accepted.test(bearer) ? usualAnswer(request) : googleError(401, 'UNAUTHENTICATED', 'expired')
  })
  const fallback = await startUpstream(() => jsonAnswer({ type: 'message', usage: {} }))
  const relay = await startRelay({
    clock: () => time.now,
    upstreams: [vertexEntry(vertex.origin), { base_url: fallback.origin }],
  })
  return {
    ...{ time, asked, seen, relay, fallback },
    async ask() {
      await post(relay.port)
      return [seen.length, fallback.requests.length]
    },
    async [Symbol.asyncDispose]() {
      for (const part of [relay, vertex, fallback]) await part[Symbol.asyncDispose]()
    },
  }
}

test('fifty first requests wait together for one token', async t => {
  await using rig = await startVertex(t)

  const replies = await Promise.all(Array.from({ length: 50 }, () => post(rig.port)))

  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  assert.deepEqual([rig.vertex.requests.length, rig.tokens.length], [50, 1])
})

test('a slow token holds a request back, and a client that leaves meanwhile sends nothing', async t => {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>()
  await using rig = await onRuntime(t, response => resolve(response))
  const waiting = rig.ask()
  const leaving = openPost(rig.relay.port, {})
  const metadata = await asked
  while (rig.relay.capacity.open < 2) await setImmediate()
  leaving.destroy()
  while ((await rig.relay.connections()) > 1) await setImmediate()
  assert.equal(rig.seen.length, 0)

  metadata.end(granted('t-1'))

  assert.deepEqual(await waiting, [1, 0])
  const events = await rig.relay.audited(2)
  assert.deepEqual(events.map(({ status }) => status).sort(), [200, 499])
  assert.equal(rig.seen.length, 1)
})

test('a token is renewed in the background from four minutes before its end', async t => {
  await using rig = await onRuntime(t, (response, number) => response.end(granted(`t-${number}`)))
  await rig.ask()

  for (const left of [241, 239]) {
    rig.time.now = (3599 - left) * 1000
    await rig.ask()
  }
  while (rig.asked.length < 2) await setImmediate()
  await rig.ask()
  while (rig.seen.at(-1) !== 't-2') await rig.ask()

  assert.deepEqual(rig.seen.slice(0, 3), ['t-1', 't-1', 't-1'])
  assert.equal(rig.asked.length, 2)
})

test('with less than 30 s left a request waits for the new token, and no other is sent', async t => {
  await using rig = await onRuntime(t, (response, number) => response.end(granted(`t-${number}`)))
  await rig.ask()

  rig.time.now = (3599 - 29) * 1000
  await rig.ask()

  assert.deepEqual(rig.seen, ['t-1', 't-2'])
})

test('a token that Vertex refuses sends the request to the next upstream, and the next request gets a new one', async t => {
  await using rig = await onRuntime(t, (response, number) => response.end(granted(`t-${number}`)), {
    accepted: /t-2$/,
  })

  assert.deepEqual(await rig.ask(), [1, 1])
  assert.deepEqual(await rig.ask(), [2, 1])
  assert.deepEqual(rig.seen, ['t-1', 't-2'])
})

test('a project that takes no token at all is asked for a new one every 30 s at most', async t => {
  await using rig = await onRuntime(t, (response, number) => response.end(granted(`t-${number}`)), {
    accepted: /never/,
  })

  for (let requests = 0; requests < 5; requests += 1) await rig.ask()

  assert.deepEqual(rig.seen, ['t-1', 't-2', 't-2', 't-2', 't-2'])
})

test('without a token the next upstream is asked, at once while the failure is fresh, and the log says what to do', async t => {
  await using rig = await onRuntime(t, response => response.writeHead(404).end())

  assert.deepEqual(await rig.ask(), [0, 1])
  assert.deepEqual(await rig.ask(), [0, 2])

  assert.equal(rig.asked.length, 1)
  const cause =
    'no credential: the metadata server has no service account for this workload: attach one that has the roles'
  assert.match(rig.relay.log.lines.join('\n'), new RegExp(`warn upstream upstream-1 failed.*${cause}`))
})

test('when nobody else serves the model, a missing token ends as 502', async t => {
  const { port } = await onGoogle(t, response => response.writeHead(403).end())
  assert.ok(port > 0)
  await using vertex = await startUpstream(usualAnswer)
  await using relay = await startRelay({ upstreams: [vertexEntry(vertex.origin)] })

  const reply = await post(relay.port)

  assert.equal(reply.status, 502)
  assert.equal(vertex.requests.length, 0)
})

/** Requests to the token service go to `listener`, everything else to where it says. */
async function withGoogle(t: TestContext, listener: Parameters<typeof googleNetwork>[1]) {
  const google = await googleNetwork(t, listener)
  const direct = openNetwork({ allowLoopback: true })
  return {
    ...direct,
    dispatcher: (options: Parameters<typeof direct.dispatcher>[0]) =>
      options.purpose === 'ambient' ? google.dispatcher() : direct.dispatcher(options),
    close: async () => void (await Promise.all([google.close(), direct.close()])),
  }
}

test('a key file of the upstream’s own is used, and its quota project named to Google', async t => {
  const account = serviceAccount()
  const path = credentialsFile(t, JSON.stringify({ ...account.file, quota_project_id: 'billed-project' }))
  ambient(t, { GOOGLE_CLOUD_QUOTA_PROJECT: 'of-the-environment' })
  const asked: string[] = []
  const network = await withGoogle(t, (request, response) => {
    asked.push(`${request.headers.host}${request.url}`)
    response.setHeader('content-type', 'application/json').end(granted('ya29.key'))
  })
  await using vertex = await startUpstream(request => refusalOf(request, 'ya29.key') ?? usualAnswer(request))
  const entry = { ...vertexEntry(vertex.origin), auth: { service_account_json: path } }
  await using relay = await startRelay({ network, upstreams: [entry, { ...entry, name: 'again' }] })

  const reply = await post(relay.port)

  assert.equal(reply.body, JSON.stringify(REPLY))
  assert.deepEqual(asked, ['oauth2.googleapis.com/token'])
  assert.equal(vertex.requests[0]?.headers['x-goog-user-project'], 'billed-project')
})

test('a federation file may stand in the key file’s place', async t => {
  const subject = credentialsFile(t, 'a.subject.token')
  const path = credentialsFile(t, '')
  const federation = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: 'https://sts.googleapis.com/v1/token',
    credential_source: { file: subject },
  }
  writeFileSync(path, JSON.stringify(federation))
  ambient(t, {})
  const network = await withGoogle(t, async (request, response) => {
    const [body] = await once(request, 'data')
    assert.match(`${body}`, /subject_token=a\.subject\.token/)
    response.setHeader('content-type', 'application/json').end(granted('federated'))
  })
  await using vertex = await startUpstream(request => refusalOf(request, 'federated') ?? usualAnswer(request))
  const entry = { ...vertexEntry(vertex.origin), auth: { service_account_json: path } }
  await using relay = await startRelay({ network, upstreams: [entry] })

  const reply = await post(relay.port)

  assert.equal(reply.body, JSON.stringify(REPLY))
  assert.equal(vertex.requests[0]?.headers['x-goog-user-project'], undefined)
})

test('a key file that is not there is named in the log, and the next upstream is asked', async t => {
  ambient(t, {})
  await using vertex = await startUpstream(usualAnswer)
  await using fallback = await startUpstream(() => jsonAnswer(REPLY))
  const entry = { ...vertexEntry(vertex.origin), auth: { service_account_json: '/nowhere/key.json' } }
  await using relay = await startRelay({ upstreams: [entry, { base_url: fallback.origin }] })

  const reply = await post(relay.port)

  assert.equal(reply.status, 200)
  assert.match(
    relay.log.lines.join('\n'),
    /the Google credentials file cannot be used: .*\/nowhere\/key\.json.*; auth\.service_account_json must name a key or federation file/,
  )
})
