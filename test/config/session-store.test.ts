import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPostgresUrl } from '../../app/config/postgres-url.ts'
import { createCertificate } from '../support/certificate.ts'
import { assertProblem, fileWith, judge, problemsOf } from '../support/config-text.ts'

test('one secret and a list of secrets are both accepted', () => {
  const one = judge(fileWith())
  const two = judge(fileWith({ session: 'session: { jwt_secret: ["${JWT}", "${OLD}"] }' }), {
    variables: { OLD: 'o'.repeat(32) },
  })

  assert.ok(one.kind === 'loaded' && two.kind === 'loaded')
  assert.deepEqual(one.config.session.jwt_secret, ['marked-jwt-secret-9f8e7d6c5b4a3f2e1d0c'])
  assert.equal(two.config.session.jwt_secret.length, 2)
})

test('a short secret in a list is named by its place and its length', () => {
  assertProblem(
    fileWith({ session: 'session: { jwt_secret: ["${JWT}", "${SHORT}"] } # here' }),
    'session.jwt_secret[1] (from ${SHORT})',
    ['12 characters, needs at least 32', 'openssl rand'],
  )
})

test('an empty list of secrets is refused', () => {
  assertProblem(fileWith({ session: 'session: { jwt_secret: [] } # here' }), 'session.jwt_secret', [
    'at least one secret',
  ])
})

test('a secret that YAML reads as a number must be quoted', () => {
  const [problem] = problemsOf(
    fileWith({ session: 'session: { jwt_secret: 12345678901234567890123456789012 }' }),
  )

  assert.deepEqual([problem?.text, problem?.fix], ['a number, needs a text.', 'quote it.'])
})

test('ttl_hours is above 0 and at most a year', () => {
  for (const hours of ['0', '-1', '8761', '.inf', '.nan', 'soon']) {
    assertProblem(
      fileWith({ session: `session: { jwt_secret: "\${JWT}", ttl_hours: ${hours} } # here` }),
      'session.ttl_hours',
      ['above 0 and up to 8760'],
    )
  }
})

test('numbers of the store keep their ranges', () => {
  const rows = [
    ['max_connections', '0', 'at least 1'],
    ['connect_timeout_seconds', '61', 'from 1 to 60'],
    ['readiness_grace_seconds', '3601', 'from 0 to 3600'],
  ]
  for (const [key = '', value = '', words = ''] of rows) {
    assertProblem(
      fileWith({ store: `store: { postgres_url: "\${DATABASE_URL}", ${key}: ${value} } # here` }),
      `store.${key}`,
      [words],
    )
  }
})

test('a database needs its URL', () => {
  assertProblem(fileWith({ store: 'store: { max_connections: 5 } # here' }), 'store.postgres_url', [
    'missing',
    '${DATABASE_URL}',
  ])
})

test('reserved characters in the password are refused with the way out', () => {
  for (const password of ['p@ss', 'p/ss', 'p#ss', 'p?ss', '12/34', 'a%zz', 'p:1/x']) {
    assertProblem(
      fileWith({ store: 'store: { postgres_url: "${URL}" } # here' }),
      'store.postgres_url (from ${URL})',
      ['store.password'],
      {
        variables: { URL: `postgres://user:${password}@db.example.com/gateway` },
      },
    )
  }
})

test('a URL that is not a readable Postgres URL is refused', () => {
  const rows = [
    ['mysql://db/x', 'postgres://'],
    ['postgres://a.example,b.example/x', 'one host'],
    ['postgres:///x', 'a host'],
    ['postgres://db/x?sslmode=maybe', 'verify-full'],
    ['postgres://db/x?pgbouncer=true', 'only the parameters'],
    ['postgres://db:0/x', 'a port from 1 to 65535'],
  ]
  for (const [url = '', words = ''] of rows) {
    assertProblem(
      fileWith({ store: 'store: { postgres_url: "${URL}" } # here' }),
      'store.postgres_url (from ${URL})',
      [words],
      {
        variables: { URL: url },
      },
    )
  }
})

test('a database URL is read into its parts', () => {
  const read = readPostgresUrl(
    'postgresql://us%40er:p%2Fw@[fd00::1]:6432/gate?sslmode=require&application_name=gw&options=-c%20x',
  )

  assert.deepEqual(read, {
    kind: 'readable',
    host: 'fd00::1',
    port: 6432,
    database: 'gate',
    user: 'us@er',
    password: 'p/w',
    tls: { kind: 'unverified' },
    applicationName: 'gw',
    options: '-c x',
  })
})

test('sslmode has the meaning it has in libpq', () => {
  const tlsOf = (host: string, mode: string) => {
    const read = readPostgresUrl(`postgres://${host}/x${mode === '' ? '' : `?sslmode=${mode}`}`)
    return read.kind === 'readable' ? read.tls : read
  }
  const remote = 'db.example.com'

  assert.deepEqual(tlsOf(remote, 'disable'), { kind: 'off' })
  assert.deepEqual(tlsOf(remote, 'require'), { kind: 'unverified' })
  assert.deepEqual(tlsOf(remote, 'verify-ca'), { kind: 'verified', checksName: false, rootCertPath: null })
  assert.deepEqual(tlsOf(remote, 'verify-full'), { kind: 'verified', checksName: true, rootCertPath: null })
  for (const mode of ['', 'prefer', 'allow']) {
    assert.deepEqual(tlsOf(remote, mode), { kind: 'opportunistic' })
    assert.deepEqual(tlsOf('127.0.0.1', mode), { kind: 'off' })
  }
})

test('a host parameter names the folder of a Unix socket', () => {
  const read = readPostgresUrl('postgres://gateway@localhost/gateway?host=/run/postgresql')

  assert.ok(read.kind === 'readable')
  assert.deepEqual([read.host, read.tls], ['/run/postgresql', { kind: 'off' }])
})

test('a root certificate that cannot be read, or is none, is refused', () => {
  const url = 'postgres://db.example.com/x?sslmode=verify-full&sslrootcert=/ca.pem'
  const text = fileWith({ store: `store: { postgres_url: "${url}" } # here` })

  assertProblem(text, 'store.postgres_url', ['sslrootcert cannot be read (ENOENT)'])
  assertProblem(text, 'store.postgres_url', ['no PEM certificate'], { files: { '/ca.pem': 'x' } })
  assert.equal(judge(text, { files: { '/ca.pem': createCertificate().certificate_pem } }).kind, 'loaded')
})

test('a URL and Cloud SQL are two sources of one truth', () => {
  assertProblem(
    fileWith({ gatehouse: 'gatehouse: { cloud_sql: { instance_connection_name: "p:r:i" } } # here' }),
    'gatehouse.cloud_sql',
    ['store.postgres_url and gatehouse.cloud_sql'],
  )
})

test('a password beside IAM authentication is refused', () => {
  assertProblem(
    fileWith({
      store: 'store: { password: "${SHORT}" } # here',
      gatehouse: 'gatehouse: { cloud_sql: { instance_connection_name: "p:r:i" } }',
    }),
    'store.password (from ${SHORT})',
    ['iam_auth'],
  )
})
