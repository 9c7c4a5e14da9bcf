// An application's certificate signs what it shows Entra ID; neither it nor its key leaves the process.
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createAuthority } from '../support/authority.ts'
import { azure, CLIENT, entraNetwork, grants, TENANT } from '../support/entra.ts'
import { startFoundry } from '../support/foundry.ts'
import { post } from '../support/relay-client.ts'

/** A file with a certificate and its key; answers its path, and the public key. */
function certificateFile(t: TestContext) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const cert = createAuthority('Test Roots').certify('app', pem)
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-azure-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'app.pem')
  writeFileSync(path, `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${cert}`)
  return { path, pem }
}

test('a certificate of the environment signs an assertion, which is exchanged for the token', async t => {
  const { path, pem } = certificateFile(t)
  azure(t, { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_CERTIFICATE_PATH: path })
  const { network, asked } = await entraNetwork(t, response => response.end(grants('t-1')))
  await using rig = await startFoundry({
    ...{ network, upstream: { auth: { use_azure_ad: true } } },
    accepted: () => 'Bearer t-1',
  })

  const reply = await post(rig.port)

  assert.equal(reply.status, 200)
  const [head = '', body = '', signature = ''] = (asked[0]?.fields['client_assertion'] ?? '').split('.')
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const { iss, sub } = JSON.parse(Buffer.from(body, 'base64url').toString())
  const key = { key: createPublicKey(pem), padding: 6, saltLength: 32 } // RSA-PSS, as PS256 has it
  const isSigned = verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))
  assert.deepEqual({ alg, iss, sub, isSigned }, { alg: 'PS256', iss: CLIENT, sub: CLIENT, isSigned: true })
})

test('a certificate that is not there is named in the log', async t => {
  azure(t, {
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: CLIENT,
    AZURE_CLIENT_CERTIFICATE_PATH: '/nowhere/app.pem',
  })
  const { network } = await entraNetwork(t, response => response.end(grants('t-1')))
  await using rig = await startFoundry({ ...{ network, upstream: { auth: { use_azure_ad: true } } } })

  const reply = await post(rig.port)

  assert.equal(reply.status, 502)
  assert.match(
    rig.relay.log.lines.join('\n'),
    /no credential: AZURE_CLIENT_CERTIFICATE_PATH cannot be read \(ENOENT\)/,
  )
})
