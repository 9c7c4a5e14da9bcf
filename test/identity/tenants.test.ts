import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isIssuerOf, issuerFor, readMetadata } from '../../app/identity/metadata.ts'
import { openRig } from '../support/idp-sign-in.ts'

const MICROSOFT = 'https://login.microsoftonline.com'
const TEMPLATE = `${MICROSOFT}/{tenantid}/v2.0`
const TENANT = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const ENDPOINTS = {
  authorization_endpoint: `${MICROSOFT}/organizations/oauth2/v2.0/authorize`,
  token_endpoint: `${MICROSOFT}/organizations/oauth2/v2.0/token`,
  jwks_uri: `${MICROSOFT}/organizations/discovery/v2.0/keys`,
}

test('only Microsoft may publish an issuer with a place for the tenant', () => {
  const read = (published: string, issuer: string) =>
    readMetadata({ ...ENDPOINTS, issuer: published }, { issuer, userinfo_fallback: false })

  assert.equal(typeof read(TEMPLATE, `${MICROSOFT}/organizations/v2.0`), 'object')
  assert.match(
    String(read('https://idp.example/{tenantid}/v2.0', 'https://idp.example/common/v2.0')),
    /issuer is/,
  )
  assert.match(
    String(read(`${MICROSOFT}.evil.example/{tenantid}/v2.0`, `${MICROSOFT}/common/v2.0`)),
    /issuer is/,
  )
})

test("the tenant's place is filled by a tenant id and by nothing else", () => {
  const metadata = { ...ENDPOINTS, issuer: TEMPLATE }

  assert.equal(issuerFor(metadata, TENANT), `${MICROSOFT}/${TENANT}/v2.0`)
  for (const tenant of ['', 'common', `${TENANT}/../x`, undefined, 7])
    assert.equal(issuerFor(metadata, tenant), null)
  assert.equal(isIssuerOf(metadata, `${MICROSOFT}/${TENANT}/v2.0`), true)
  assert.equal(isIssuerOf(metadata, `${MICROSOFT}/common/v2.0`), false)
  assert.equal(isIssuerOf(metadata, TEMPLATE), false)
})

test('a sign-in through an issuer of many tenants needs the issuer of its own tenant, and the start warns', async () => {
  await using host = await openRig({
    manners: {
      metadata: { issuer: TEMPLATE },
      tamper: claims => ({ ...claims, tid: TENANT, iss: `${MICROSOFT}/${TENANT}/v2.0` }),
    },
    oidc: { issuer: `${MICROSOFT}/organizations/v2.0` },
    discoverAt: true,
  })

  const outcome = await host.signInOnce()
  host.idp.manners.tamper = claims => ({
    ...claims,
    tid: TENANT.replace('8', '9'),
    iss: `${MICROSOFT}/${TENANT}/v2.0`,
  })
  const foreign = await host.signInOnce()

  assert.equal(outcome.kind, 'signed_in')
  assert.deepEqual(foreign, { kind: 'failed', cause: 'id_token', err: 'id_token_issuer', step: 'id_token' })
  assert.ok(host.log.lines.some(line => line.startsWith('warn ') && line.includes('every Microsoft tenant')))
})
