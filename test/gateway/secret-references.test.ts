// A process whose file refers to Secret Manager, on a machine without Google.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileWith, SECRETS } from '../support/config-text.ts'
import { startProcess } from '../support/gateway-process.ts'
import { startHttp } from '../support/http-server.ts'

const REFERENCE = '${secret:projects/p/secrets/jwt/versions/3}'

function fileIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-secrets-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, fileWith({ session: `session: { jwt_secret: "${REFERENCE}" }` }))
  return path
}

/** With the metadata server at `port` of this machine. */
const variablesOf = (port: number) => ({ ...SECRETS, GCE_METADATA_HOST: `127.0.0.1:${port}` })

test('a start that cannot read a secret ends with 1, and says at its line what is needed', async t => {
  const path = fileIn(t)
  const nobody = await startHttp(() => {})
  await nobody.stop()

  await using started = startProcess({ words: ['--config', path], variables: variablesOf(nobody.port) })

  assert.equal(await started.exited, 1)
  const [event] = started.events()
  assert.deepEqual([event?.['evt'], event?.['result'], event?.['problems']], ['config.load', 'fail', 1])
  assert.equal(
    started.stderr.replace(/^\{.*\n/gm, ''),
    `gatehouse: 1 problem in ${path}\n` +
      `  line 3, column 24  session.jwt_secret (from ${REFERENCE}): ${REFERENCE} cannot be read: no Google credentials: ` +
      'GOOGLE_APPLICATION_CREDENTIALS names no file, and no metadata server answers (ECONNREFUSED).\n' +
      '      Fix: give the service an account with roles/secretmanager.secretAccessor.\n',
  )
})

test('SIGTERM while a secret is waited for ends with 0', async t => {
  const metadata = createServer().listen(0, '127.0.0.1')
  await once(metadata, 'listening')
  t.after(() => {
    metadata.closeAllConnections()
    metadata.close()
  })
  const address = metadata.address()
  assert.ok(typeof address === 'object' && address !== null)
  const asked = once(metadata, 'request')
  await using started = startProcess({ words: ['--config', fileIn(t)], variables: variablesOf(address.port) })
  await asked

  started.signal('SIGTERM')

  assert.equal(await started.exited, 0)
  assert.equal(started.stderr, '')
})
