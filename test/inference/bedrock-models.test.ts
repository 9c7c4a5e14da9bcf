// What models are called on Bedrock, by region, and where requests for them go.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamsSection } from '../../app/config/upstreams.ts'
import { openCatalog } from '../../app/inference/open-catalog.ts'
import { foundationModel } from '../../app/inference/upstreams/bedrock-models.ts'
import { openUpstreams, urlOf } from '../../app/inference/upstreams/open.ts'
import { openNetwork } from '../../app/net/network.ts'
import { recordLog } from '../support/recorded-log.ts'

const upstreamIn = (region: string) =>
  UpstreamsSection.parse([{ provider: 'bedrock', region, auth: { aws_bearer_token: 't' } }])

function idIn(region: string, requested: string): string | undefined {
  const catalog = openCatalog({
    models: [],
    auto_include_builtin_models: true,
    upstreams: upstreamIn(region),
  })
  return catalog.resolve(requested)?.routes[0]?.model
}

test('commercial US regions use the US profile of a built-in, all others the foundation model', () => {
  assert.equal(idIn('us-east-1', 'claude-haiku-4-5'), 'us.anthropic.claude-haiku-4-5-20251001-v1:0')
  assert.equal(idIn('us-west-2', 'claude-haiku-4-5'), 'us.anthropic.claude-haiku-4-5-20251001-v1:0')
  for (const region of ['eu-west-1', 'ap-northeast-1', 'us-gov-west-1', 'ca-central-1'])
    assert.equal(idIn(region, 'claude-haiku-4-5'), 'anthropic.claude-haiku-4-5-20251001-v1:0')
})

test('the model behind an id is found for every form that names it', () => {
  const id = 'anthropic.claude-haiku-4-5-20251001-v1:0'
  for (const form of [
    id,
    `us.${id}`,
    `global.${id}`,
    `apac.${id}`,
    `us-gov.${id}`,
    `arn:aws:bedrock:us-east-1::foundation-model/${id}`,
    `arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.${id}`,
  ])
    assert.equal(foundationModel(form), id, form)
  for (const form of [
    'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1',
    'corp-model',
    '',
  ])
    assert.equal(foundationModel(form), null, form)
})

/** Where a message for `model` goes, from the configuration alone. */
async function targetOf(entry: object, model = 'm'): Promise<string> {
  const network = openNetwork({ allowLoopback: false })
  const [upstream] = openUpstreams({
    upstreams: UpstreamsSection.parse([entry]),
    ...{ ttfbMs: undefined, network, version: '1', clock: () => 0, log: recordLog() },
  }).values()
  const call = { operation: 'messages', clientModel: model, model, stream: false, headers: {} } as const
  const head = await upstream?.head(
    { ...call, query: '?beta=true', identity: { sub: 's' } },
    { chunks: [], length: 0 },
  )
  return `${upstream?.origin}${head?.path}`
}

const BEARER = { auth: { aws_bearer_token: 't' } }

test('each region has its host, and a base_url replaces it; no query goes along', async () => {
  const bedrock = { provider: 'bedrock', region: 'eu-west-1', ...BEARER }
  const mantle = { provider: 'mantle', region: 'eu-west-1', models: ['m'], ...BEARER }
  const platform = {
    provider: 'anthropicAws',
    region: 'us-east-1',
    workspace_id: 'w',
    auth: { api_key: 'k' },
  }

  assert.equal(await targetOf(bedrock), 'https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/invoke')
  assert.equal(
    await targetOf({ ...bedrock, base_url: 'https://vpce.example.com:8443/runtime/' }),
    'https://vpce.example.com:8443/runtime/model/m/invoke',
  )
  assert.equal(await targetOf(mantle), 'https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages')
  assert.equal(await targetOf(platform), 'https://aws-external-anthropic.us-east-1.api.aws/v1/messages')
  for (const entry of [bedrock, mantle, platform]) {
    const [config] = UpstreamsSection.parse([entry])
    assert.ok(config !== undefined && (await targetOf(entry)).startsWith(urlOf(config)?.origin ?? 'none'))
  }
})

test('no model id leaves its segment of the path', async () => {
  const at = (model: string) => targetOf({ provider: 'bedrock', region: 'eu-west-1', ...BEARER }, model)
  const segment = async (model: string) => (await at(model)).split('/').slice(4, -1).join('/')

  assert.equal(await segment('anthropic.claude-v1:0'), 'anthropic.claude-v1%3A0')
  assert.equal(await segment('arn:aws:bedrock:r:1:x/y'), 'arn%3Aaws%3Abedrock%3Ar%3A1%3Ax%2Fy')
  assert.equal(await segment('a/../b?x#y%2F@'), 'a%2F..%2Fb%3Fx%23y%252F%40')
  assert.equal(await segment('..'), '%2E%2E')
  assert.equal(await segment('\ud800'), '%EF%BF%BD')
})
