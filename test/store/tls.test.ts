import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type PostgresAddress, readPostgresUrl } from '../../app/config/postgres-url.ts'
import { StoreSection } from '../../app/config/store.ts'
import { connectAtBoot } from '../../app/store/connect.ts'
import { tlsOptions } from '../../app/store/server-tls.ts'
import { createAuthority } from '../support/authority.ts'
import { createDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { startTlsPostgres } from '../support/tls-postgres.ts'

const authority = createAuthority('Test Authority')
const server = await startTlsPostgres(authority.issue('localhost'))
after(() => server.stop())

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-root-'))
after(() => rm(folder, { recursive: true }))
const rootCertificate = join(folder, 'root.pem')
await writeFile(rootCertificate, authority.cert)

/** Connects with `parameters` to `host`; answers whether the connection is encrypted. */
async function isEncrypted(parameters: string, host: 'localhost' | '127.0.0.1' = 'localhost') {
  const url = `${server.tcpUrl?.replace('127.0.0.1', host)}${parameters}`
  const config = StoreSection.parse({ postgres_url: url })
  const store = await connectAtBoot(config, { log: recordLog(), clock: () => 0 })
  const { rows } = await store.pool.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
  await store.close()
  return rows[0].ssl
}

test('sslmode=disable is plain text', async () => {
  assert.equal(await isEncrypted('?sslmode=disable'), false)
})

test('sslmode=require is TLS without a look at the certificate', async () => {
  assert.equal(await isEncrypted('?sslmode=require', '127.0.0.1'), true)
})

test('sslmode=verify-ca trusts the authority of sslrootcert, whatever the name', async () => {
  assert.equal(await isEncrypted(`?sslmode=verify-ca&sslrootcert=${rootCertificate}`, '127.0.0.1'), true)
})

test('sslmode=verify-full wants the name as well', async () => {
  const parameters = `?sslmode=verify-full&sslrootcert=${rootCertificate}`

  assert.equal(await isEncrypted(parameters), true)
  await assert.rejects(isEncrypted(parameters, '127.0.0.1'), {
    name: 'BootFault',
    message:
      "store.postgres_url: the server's certificate is not trusted (ERR_TLS_CERT_ALTNAME_INVALID). Name its authority with sslrootcert=/path, or its name in the URL.",
  })
})

test('without sslrootcert the system decides whom to trust', async () => {
  for (const mode of ['verify-ca', 'verify-full']) {
    await assert.rejects(isEncrypted(`?sslmode=${mode}`), {
      name: 'BootFault',
      message: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    })
  }
})

test('no sslmode, prefer and allow are plain text on loopback', async () => {
  assert.equal(await isEncrypted(''), false)
  assert.equal(await isEncrypted('?sslmode=prefer'), false)
  assert.equal(await isEncrypted('?sslmode=allow'), false)
})

function elsewhere(url: string | null, kind: 'opportunistic' | 'unverified'): PostgresAddress {
  const read = readPostgresUrl(url ?? '')
  if (read.kind === 'unreadable') throw new Error(read.needs)
  return { ...read, tls: { kind } }
}

test('elsewhere TLS is tried first, and plain text second with a warning', async () => {
  await using plain = await createDatabase()
  const log = recordLog()

  const first = await tlsOptions(elsewhere(server.tcpUrl, 'opportunistic'), { log, timeoutMs: 5000 })
  const second = await tlsOptions(elsewhere(plain.tcpUrl, 'opportunistic'), { log, timeoutMs: 5000 })

  assert.deepEqual([first, second], [{ rejectUnauthorized: false }, false])
  assert.deepEqual(log.lines, [
    'warn store.postgres_url has no sslmode and the server offers no TLS: the database is reached in plain text',
  ])
})

test('TLS that is asked for is not given up', async () => {
  await using plain = await createDatabase()

  await assert.rejects(
    tlsOptions(elsewhere(plain.tcpUrl, 'unverified'), { log: recordLog(), timeoutMs: 5000 }),
    {
      name: 'BootFault',
      message: 'store.postgres_url: sslmode asks for TLS, which the server does not offer',
    },
  )
})
