import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { vertex } from '../../app/doctor/vertex.ts'
import { findingsOf } from '../support/examination.ts'
import { granted, onGoogle } from '../support/google.ts'
import { startHttp } from '../support/http-server.ts'

/** What the check says of a prediction service that answers each model's count with `statusOf` it. */
async function findings(t: TestContext, statusOf: (model: string) => number) {
  await onGoogle(t, response => void response.end(granted('ya29.doctor')))
  const asked: string[] = []
  const server = await startHttp(async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    const { model, anthropic_version: version, messages } = JSON.parse(text)
    asked.push(`${request.url} ${request.headers['authorization']} ${version} ${messages.length}`)
    response.writeHead(statusOf(model), { 'content-type': 'application/json' }).end('{"input_tokens":1}')
  })
  t.after(() => server.stop())
  const upstream = {
    provider: 'vertex',
    region: 'global',
    project_id: 'acme-prod',
    base_url: server.origin,
    auth: {},
  }
  const upstreams = [{ ...upstream, models: ['claude-opus-4-8', 'claude-haiku-4-5'] }]
  return { found: await findingsOf(vertex, { sections: { upstreams } }), asked }
}

test('one count of tokens for each model says that the service may ask', async t => {
  const { found, asked } = await findings(t, () => 200)

  assert.deepEqual(
    found.map(({ status, evidence }) => [status, evidence.replace(/for .*/, 'for …')]),
    [['ok', 'upstream vertex counts tokens for …']],
  )
  assert.match(found[0]?.evidence ?? '', /claude-opus-4-8/)
  assert.equal(asked.length, 2)
  assert.equal(
    asked[0],
    '/v1/projects/acme-prod/locations/global/publishers/anthropic/models/count-tokens:rawPredict Bearer ya29.doctor vertex-2023-10-16 1',
  )
})

test('a right, a model and a quota that are missing are told apart', async t => {
  const { found: forbidden } = await findings(t, () => 403)
  const { found: absent } = await findings(t, model => (model.includes('opus') ? 404 : 200))
  const { found: crowded } = await findings(t, () => 429)

  assert.deepEqual(
    [...forbidden, ...absent, ...crowded].map(({ status, fix }) => [status, fix]).sort(),
    [
      [
        'fail',
        'grant it aiplatform.endpoints.predict in project_id (roles/aiplatform.user), and enable aiplatform.googleapis.com',
      ],
      ['ok', undefined],
      ['warn', 'ask for a quota of the model in the region'],
      ['warn', 'enable the model in Model Garden; single regions stop at older models: region: global'],
    ].sort(),
  )
})

test('without an upstream on Vertex there is nothing to look at', async () => {
  assert.deepEqual(await findingsOf(vertex), [
    { id: 'vertex', status: 'skip', evidence: 'no upstream is on Vertex AI' },
  ])
})
