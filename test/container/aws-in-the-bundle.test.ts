// The parts of AWS's SDK that the bundle loads when they are asked for, as the container ships them.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sdkRequestHandler } from '../../app/net/aws-transport.ts'
import { guardedFetch } from '../../app/net/fetch.ts'
import { openNetwork } from '../../app/net/network.ts'
import { awsEnvironment, fileOf, keyIdOf, ROLE, startTokenService } from '../support/aws.ts'
import { KEYS, REGION } from '../support/bedrock.ts'
import { buildBundle } from '../support/image.ts'

test('the bundle’s parts of the SDK trade a web identity, and assume a role', async t => {
  await using bundle = await buildBundle()
  const chunks = join(bundle.folder, 'chunks')
  const load = (name: string) =>
    import(
      join(chunks, readdirSync(chunks).find(file => file.startsWith(name) && file.endsWith('.mjs')) ?? '')
    )
  const service = await startTokenService(t)
  awsEnvironment(t, {
    ...{ AWS_ENDPOINT_URL_STS: service.origin, AWS_ROLE_ARN: ROLE, AWS_ROLE_SESSION_NAME: 'gatehouse' },
    AWS_WEB_IDENTITY_TOKEN_FILE: fileOf(t, 'a.web.token'),
  })
  const network = openNetwork({ allowLoopback: true })
  t.after(() => network.close())
  const dispatcher = network.dispatcher({ purpose: 'token_exchange' })
  const requestHandler = sdkRequestHandler(guardedFetch({ dispatcher, totalMs: 5000, maxBytes: 65_536 }))

  const { defaultProvider } = await load('credential-provider-node')
  const identity = await defaultProvider({ clientConfig: { requestHandler, region: REGION } })()
  const { AssumeRoleCommand, STSClient } = await load('client-sts')
  const client = new STSClient({ requestHandler, region: REGION, credentials: KEYS })
  const assumed = await client.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'session' }))

  assert.equal(identity.accessKeyId, keyIdOf('gatehouse'))
  assert.equal(assumed.Credentials.AccessKeyId, keyIdOf('session'))
  assert.deepEqual(
    service.asked.map(form => form['Action']),
    ['AssumeRoleWithWebIdentity', 'AssumeRole'],
  )
})
