// By which names a reply can be asked about: at the model's maker, and at the cloud it came through.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KEYS, REPLY, startBedrock } from '../support/bedrock.ts'
import { azureError, startFoundry } from '../support/foundry.ts'
import { post } from '../support/relay-client.ts'
import { type RelayRig, startRelay } from '../support/relay-rig.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'

/** The ids in the one audit event of a request to this relay. */
async function idsOf({ relay, port }: { relay: RelayRig; port: number }) {
  await post(port)
  const [event] = await relay.audited(1)
  return [event?.upstream_request_id, event?.upstream_cloud_request_id]
}

/** The same, of an entry of `upstreams:` that answers with these headers. */
async function idsFrom(entry: object, headers: Record<string, string>, path = '') {
  await using upstream = await startUpstream(() => jsonAnswer(REPLY, { headers }))
  await using relay = await startRelay({ upstreams: [{ ...entry, base_url: `${upstream.origin}${path}` }] })
  return await idsOf({ relay, port: relay.port })
}

const BOTH = { 'request-id': 'req_1', 'apim-request-id': 'azure-1', 'x-amzn-requestid': 'aws-1' }
const KEYS_OF_AWS = { aws_access_key_id: KEYS.accessKeyId, aws_secret_access_key: KEYS.secretAccessKey }

test('where a cloud sends an id of its own beside the model’s, the audit has both', async () => {
  await using rig = await startFoundry({ script: () => jsonAnswer(REPLY, { headers: BOTH }) })
  const aws = { region: 'us-east-1', auth: KEYS_OF_AWS }
  const mantle = { provider: 'mantle', models: ['*'], ...aws }
  const anthropicAws = { provider: 'anthropicAws', workspace_id: 'wrkspc_1', ...aws }

  assert.deepEqual(await idsOf(rig), ['req_1', 'azure-1'])
  assert.deepEqual(await idsFrom(mantle, BOTH, '/anthropic'), ['req_1', 'aws-1'])
  assert.deepEqual(await idsFrom(anthropicAws, BOTH), ['req_1', 'aws-1'])
})

test('where there is one id, be it the cloud’s or the same twice, it is the upstream’s', async () => {
  await using bedrock = await startBedrock()
  const same = { 'x-request-id': 'azure-1', 'apim-request-id': 'azure-1' }
  await using foundry = await startFoundry({ script: () => jsonAnswer(REPLY, { headers: same }) })

  assert.deepEqual(await idsOf(bedrock), ['aws-request-3', undefined])
  assert.deepEqual(await idsOf(foundry), ['azure-1', undefined])
})

test('an upstream that is no cloud has no id of a cloud, whatever it sends', async () => {
  assert.deepEqual(await idsFrom({}, BOTH), ['req_1', undefined])
})

test('of a header that is too long for an id the audit has the beginning', async () => {
  assert.deepEqual(await idsFrom({}, { 'request-id': 'x'.repeat(5000) }), ['x'.repeat(128), undefined])
})

test('an error that is passed on is audited with its ids, and so is the line about it', async () => {
  await using rig = await startFoundry({ script: () => azureError(429, '429', 'slow down') })

  assert.deepEqual(await idsOf(rig), ['a-1', undefined])
  assert.match(rig.relay.log.lines.join('\n'), /"upstream_request_id":"a-1"/)
})
