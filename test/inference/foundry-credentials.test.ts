// Microsoft's real library gives Foundry its bearer: a secret, a certificate, a federated token, a managed identity.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { azure, CLIENT, entraNetwork, grants, refuses, SCOPE, TENANT } from '../support/entra.ts'
import { startFoundry } from '../support/foundry.ts'
import { post } from '../support/relay-client.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'

const APP = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT }
const SECRET = { ...APP, AZURE_CLIENT_SECRET: 'marked~client~secret' }
const ENTRA = { auth: { use_azure_ad: true } }

/** A file for the length of the test; answers its path. */
function fileOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-azure-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'token')
  writeFileSync(path, text)
  return path
}

/** A relay whose first upstream takes `t-<n>` of Entra's, the newest only, and whose second one takes anything. */
async function withEntra(t: TestContext, answer: Parameters<typeof entraNetwork>[1], auth: object = {}) {
  const time = { now: 0 }
  const { network, asked } = await entraNetwork(t, answer)
  const others = await startUpstream(() => jsonAnswer({ type: 'message', usage: {} }))
  const rig = await startFoundry({
    ...{ network, clock: () => time.now },
    upstream: { auth: { use_azure_ad: true, ...auth } },
    accepted: () => `Bearer t-${Math.max(1, asked.length)}`,
    others: [{ base_url: others.origin }],
  })
  t.after(async () => {
    await rig[Symbol.asyncDispose]()
    await others[Symbol.asyncDispose]()
  })
  return {
    ...{ time, asked, rig, others },
    log: () => rig.relay.log.lines.join('\n'),
    /** How often each upstream was asked in all. */
    async ask() {
      await post(rig.port)
      return [rig.foundry.requests.length, others.requests.length]
    },
  }
}

test('a secret of the environment is exchanged at Entra, once for fifty first requests', async t => {
  azure(t, SECRET)
  const entra = await withEntra(t, (response, _asked, number) => response.end(grants(`t-${number}`)))

  const replies = await Promise.all(Array.from({ length: 50 }, () => post(entra.rig.port)))

  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  assert.deepEqual([entra.rig.foundry.requests.length, entra.others.requests.length], [50, 0])
  const [{ fields } = { fields: {} }, ...more] = entra.asked
  const { grant_type, client_id, client_secret, scope } = fields as Record<string, string>
  assert.deepEqual(
    [grant_type, client_id, client_secret],
    ['client_credentials', CLIENT, 'marked~client~secret'],
  )
  assert.deepEqual(scope?.split(' ').includes(SCOPE), true)
  assert.deepEqual(more, [])
})

test('the scope of the file replaces the usual one', async t => {
  azure(t, SECRET)
  const scope = 'https://cognitiveservices.azure.com/.default'
  const entra = await withEntra(t, response => response.end(grants('t-1')), { scope })

  assert.deepEqual(await entra.ask(), [1, 0])

  assert.deepEqual(entra.asked[0]?.fields['scope']?.split(' ').includes(scope), true)
})

test('a federated token is read again for each exchange, and no secret goes with it', async t => {
  const path = fileOf(t, 'header.first.signature')
  azure(t, { ...APP, AZURE_FEDERATED_TOKEN_FILE: path })
  const entra = await withEntra(t, (response, _asked, number) => response.end(grants(`t-${number}`)))
  await entra.ask()

  writeFileSync(path, 'header.second.signature')
  entra.time.now = 3_598_000
  assert.deepEqual(await entra.ask(), [2, 0])

  const assertions = entra.asked.map(({ fields }) => fields['client_assertion'])
  assert.deepEqual(assertions, ['header.first.signature', 'header.second.signature'])
  assert.deepEqual(
    entra.asked.map(({ fields }) => fields['client_assertion_type']),
    Array(2).fill('urn:ietf:params:oauth:client-assertion-type:jwt-bearer'),
  )
  assert.equal(
    entra.asked.some(({ fields }) => 'client_secret' in fields),
    false,
  )
})

test('a token is renewed in the background from five minutes before its end, and below one minute requests wait', async t => {
  azure(t, SECRET)
  const entra = await withEntra(t, (response, _asked, number) => response.end(grants(`t-${number}`)))
  await entra.ask()

  entra.time.now = (3599 - 302) * 1000
  await entra.ask()
  assert.equal(entra.asked.length, 1)
  entra.time.now = (3599 - 299) * 1000
  await post(entra.rig.port)
  while (entra.asked.length < 2) await setImmediate()
  const bearers = () => entra.rig.foundry.requests.map(({ headers }) => headers['authorization'])
  assert.deepEqual(bearers(), Array(3).fill('Bearer t-1'))
  while (bearers().at(-1) !== 'Bearer t-2') await post(entra.rig.port)

  entra.time.now += (3599 - 58) * 1000
  await post(entra.rig.port)
  assert.equal(bearers().at(-1), 'Bearer t-3')
})

test('a token that Foundry refuses sends the request to the next upstream, and the next request gets a new one', async t => {
  azure(t, SECRET)
  let revoked = ''
  const { network, asked } = await entraNetwork(t, (response, _asked, number) =>
    response.end(grants(`t-${number}`)),
  )
  await using others = await startUpstream(() => jsonAnswer({ type: 'message', usage: {} }))
  await using rig = await startFoundry({
    ...{ network, upstream: ENTRA, others: [{ base_url: others.origin }] },
    accepted: () => (revoked === '' ? 'Bearer t-1' : 'Bearer t-2'),
  })
  await post(rig.port)
  revoked = 't-1'

  await post(rig.port)
  await post(rig.port)

  assert.deepEqual([rig.foundry.requests.length, others.requests.length, asked.length], [3, 1, 2])
})

test('without a token the next upstream is asked, and the log says which credential Entra refuses, and no more', async t => {
  azure(t, SECRET)
  const entra = await withEntra(t, response =>
    response
      .writeHead(401)
      .end(refuses(7000215, `Invalid client secret marked~client~secret for app ${CLIENT}.`)),
  )

  assert.deepEqual(await entra.ask(), [0, 1])
  assert.deepEqual(await entra.ask(), [0, 2])

  assert.equal(entra.asked.length, 1)
  assert.match(
    entra.log(),
    /no credential: Entra ID refuses the credentials of the environment \(AADSTS7000215\): check AZURE_TENANT_ID/,
  )
  for (const secret of ['marked~client~secret', CLIENT, TENANT])
    assert.equal(entra.log().includes(secret), false)
})

test('a federated token that is not there is named in the log', async t => {
  azure(t, { ...APP, AZURE_FEDERATED_TOKEN_FILE: '/nowhere/token' })
  const entra = await withEntra(t, response => response.end(grants('t-1')))

  assert.deepEqual(await entra.ask(), [0, 1])

  assert.equal(entra.asked.length, 0)
  assert.match(entra.log(), /no credential: AZURE_FEDERATED_TOKEN_FILE cannot be read \(ENOENT\)/)
})
