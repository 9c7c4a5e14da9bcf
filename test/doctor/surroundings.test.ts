import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { clock } from '../../app/doctor/clock.ts'
import { database } from '../../app/doctor/database.ts'
import { egress } from '../../app/doctor/egress.ts'
import { identityProvider } from '../../app/doctor/identity-provider.ts'
import { runtimeAccount } from '../../app/doctor/runtime-account.ts'
import { openNetwork } from '../../app/net/network.ts'
import { findingsOf } from '../support/examination.ts'
import { startHttp } from '../support/http-server.ts'
import { startIdp } from '../support/idp.ts'
import { CLIENT } from '../support/idp-manners.ts'
import { administer, createDatabase, emptyDatabase } from '../support/postgres.ts'

const GOOGLE_COLLECTOR = {
  telemetry: { forward_to: [{ url: 'https://telemetry.googleapis.com', auth: { google: {} } }] },
}

test('a database with all migrations is well', async () => {
  await using store = await createDatabase()

  const [finding] = await findingsOf(database, { sections: { store: { postgres_url: store.url } } })

  assert.equal(finding?.status, 'ok')
  assert.match(
    finding?.evidence ?? '',
    /^PostgreSQL \d+\.\d+, as \S+ in public; up to date; room for \d+ replicas during a rollout$/,
  )
})

test('a role that may only log in is told to be bootstrapped', async t => {
  await using store = await emptyDatabase()
  const role = `doctor_${randomBytes(4).toString('hex')}`
  await administer(`create role ${role} login password 'x'`)
  t.after(() => administer(`drop role ${role}`))
  const url = new URL(store.tcpUrl)
  url.username = role
  url.password = 'x'

  assert.deepEqual(await findingsOf(database, { sections: { store: { postgres_url: url.href } } }), [
    {
      ...{ id: 'postgres', status: 'fail', evidence: `role ${role}: it may not create in the schema public` },
      fix: 'run gatehouse migrate --bootstrap once, as a role that may grant',
    },
  ])
})

test('a database that is not there says so, and no part of its URL', async () => {
  const sections = { store: { postgres_url: 'postgres://u:marked-password@127.0.0.1:9/d' } }

  const [finding] = await findingsOf(database, { sections })

  assert.equal(finding?.status, 'fail')
  assert.match(finding?.evidence ?? '', /^store\.postgres_url: the database does not answer \(ECONNREFUSED\)/)
  assert.doesNotMatch(JSON.stringify(finding), /marked-password/)
})

test('a provider that knows the redirect URI and gives refresh tokens is well', async () => {
  await using idp = await startIdp({ redirectUri: 'https://gateway.example/oauth/callback' })
  const oidc = { issuer: idp.issuer, ...CLIENT }

  assert.deepEqual(await findingsOf(identityProvider, { sections: { oidc } }), [
    {
      ...{ id: 'idp', status: 'ok' },
      evidence: `discovery and keys of ${idp.issuer} are there; https://gateway.example/oauth/callback is not refused`,
    },
  ])
})

test('a redirect URI that is not registered is told letter by letter', async () => {
  await using idp = await startIdp({ redirectUri: 'https://gateway.example/callback' })

  const [finding] = await findingsOf(identityProvider, {
    sections: { oidc: { issuer: idp.issuer, ...CLIENT } },
  })

  assert.deepEqual(finding, {
    ...{ id: 'idp', status: 'fail', evidence: `${idp.issuer} does not know the redirect URI` },
    fix: 'register https://gateway.example/oauth/callback for the client, letter by letter',
  })
})

test('an issuer that calls itself otherwise, or is not there, is told as at boot', async () => {
  await using idp = await startIdp({ metadata: { issuer: 'https://other.example' } })

  const [other] = await findingsOf(identityProvider, {
    sections: { oidc: { issuer: idp.issuer, ...CLIENT } },
  })
  const closed = await startHttp(() => {})
  await closed.stop()
  const [gone] = await findingsOf(identityProvider, {
    sections: { oidc: { issuer: closed.origin, ...CLIENT } },
  })

  assert.equal(other?.status, 'fail')
  assert.match(other?.evidence ?? '', /other\.example/)
  assert.equal(gone?.status, 'fail')
  assert.match(gone?.evidence ?? '', /the connection was refused/)
  assert.match(gone?.fix ?? '', /check host and port/)
})

test('scopes without offline_access are a warning', async () => {
  await using idp = await startIdp({ redirectUri: 'https://gateway.example/oauth/callback' })
  const oidc = { issuer: idp.issuer, ...CLIENT, scopes: ['openid', 'email'] }

  const findings = await findingsOf(identityProvider, { sections: { oidc } })

  assert.deepEqual(findings.at(-1), {
    ...{
      id: 'idp',
      status: 'warn',
      evidence: 'oidc.scopes has no offline_access: there are no refresh tokens',
    },
    fix: 'add offline_access to oidc.scopes',
  })
})

test('a default account is named, and one of its own is well', async () => {
  const as = (email: string) =>
    findingsOf(runtimeAccount, {
      sections: GOOGLE_COLLECTOR,
      googleAccount: async () => email,
      googleToken: async () => 'ya29.token',
    })

  assert.deepEqual(await as('1234-compute@developer.gserviceaccount.com'), [
    {
      ...{ id: 'identity', status: 'fail' },
      evidence: 'the service runs as 1234-compute@developer.gserviceaccount.com, a default account',
      fix: 'give it an account of its own: service_account of the service',
    },
  ])
  assert.equal((await as('gatehouse-run@p.iam.gserviceaccount.com'))[0]?.status, 'ok')
})

test('what cannot be reached is named with its purpose', async () => {
  await using idp = await startIdp()
  const sections = {
    oidc: { issuer: idp.issuer, ...CLIENT },
    telemetry: { forward_to: [{ url: 'http://127.0.0.1:9' }] },
  }

  assert.deepEqual(
    (await findingsOf(egress, { sections })).map(({ evidence }) => evidence),
    [
      'upstream anthropic: 127.0.0.1:9 cannot be reached (ECONNREFUSED)',
      'collector 0: 127.0.0.1:9 cannot be reached (ECONNREFUSED)',
    ],
  )
})

test('an upstream on Vertex is looked for at the host of its location', async t => {
  await using idp = await startIdp()
  const network = openNetwork({
    allowLoopback: true,
    lookup: (_host, _options, done) =>
      done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), ''),
  })
  t.after(() => network.close())
  const vertex = { provider: 'vertex', region: 'eu', project_id: 'p', auth: {} }

  assert.deepEqual(
    (
      await findingsOf(egress, {
        sections: { oidc: { issuer: idp.issuer, ...CLIENT }, upstreams: [vertex] },
        network,
      })
    ).map(({ evidence }) => evidence),
    ['upstream vertex: aiplatform.eu.rep.googleapis.com cannot be reached (ENOTFOUND)'],
  )
})

test('a clock that is an hour behind is told, and one that agrees is well', async t => {
  const server = await startHttp((_request, response) => void response.end())
  t.after(() => server.stop())
  const sections = { oidc: { issuer: server.origin, ...CLIENT } }

  const [behind] = await findingsOf(clock, { sections, clock: () => Date.now() - 3_600_000 })
  const [right] = await findingsOf(clock, { sections })

  assert.equal(behind?.status, 'fail')
  assert.match(behind?.evidence ?? '', /^the clock is 3(599|600) s behind 127\.0\.0\.1:\d+$/)
  assert.equal(right?.status, 'ok')
})
