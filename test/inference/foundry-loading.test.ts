// Microsoft's library is loaded when a token of Entra ID is first needed, and not before.
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'

const loaded: string[] = []
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@azure/')) loaded.push(specifier)
    return next(specifier, context)
  },
})

test('with a key of the resource nothing of Microsoft’s is loaded; with an identity in Entra ID it is', async t => {
  // Imported here, so that the hook sees what they import.
  const { azure, CLIENT, entraNetwork, grants, TENANT } = await import('../support/entra.ts')
  const { startFoundry } = await import('../support/foundry.ts')
  const { post } = await import('../support/relay-client.ts')
  azure(t, { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: 's' })
  const { network } = await entraNetwork(t, response => response.end(grants('t-1')))
  await using byKey = await startFoundry()
  await using byIdentity = await startFoundry({
    ...{ network, upstream: { auth: { use_azure_ad: true } } },
    accepted: () => 'Bearer t-1',
  })

  const withKey = await post(byKey.port)
  assert.equal(loaded.length, 0, loaded.join())
  const withIdentity = await post(byIdentity.port)

  assert.deepEqual([withKey.status, withIdentity.status], [200, 200])
  assert.ok(loaded.includes('@azure/identity'))
})
