// A machine's managed identity gives Foundry its bearer. One test: the library keeps the first endpoint it finds.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { CLIENT, entraNetwork, grantsOnMachine, onAzure } from '../support/entra.ts'
import { startFoundry } from '../support/foundry.ts'
import { post } from '../support/relay-client.ts'

test('a managed identity is asked as AZURE_CLIENT_ID names it; while its endpoint fails, the log says how', async t => {
  const time = { now: 0 }
  let answer = (response: ServerResponse): unknown => response.socket?.destroy()
  const { asked } = await onAzure(t, response => answer(response))
  const { network, asked: atEntra } = await entraNetwork(t, response => response.writeHead(500).end())
  await using rig = await startFoundry({
    ...{ network, azureClientId: CLIENT, clock: () => time.now },
    upstream: { auth: { use_azure_ad: true } },
    accepted: () => 'Bearer t-m',
  })

  const broken = await post(rig.port)
  time.now = 5000
  answer = response =>
    response.writeHead(400).end('{"error":"invalid_request","error_description":"Identity not found"}')
  const unassigned = await post(rig.port)
  time.now = 15_000
  answer = response => response.end(grantsOnMachine('t-m'))
  const granted = await post(rig.port)

  assert.deepEqual([broken.status, unassigned.status, granted.status], [502, 502, 200])
  assert.deepEqual([asked.length, atEntra.length], [3, 0])
  const { resource, client_id } = asked[2]?.fields ?? {}
  assert.deepEqual([resource, client_id], ['https://ai.azure.com', CLIENT])
  const causes = rig.relay.log.lines.flatMap(line => /"cause":"no credential: ([^"]*)"/.exec(line)?.[1] ?? [])
  assert.deepEqual(causes, [
    'no Azure credentials: the environment names none, and no managed identity answers (UND_ERR_SOCKET)',
    "the managed identity's endpoint gives no token (400): assign an identity, and name it in AZURE_CLIENT_ID if there are several",
  ])
})
