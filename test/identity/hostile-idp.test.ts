import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCertificate } from '../support/certificate.ts'
import { hang, huge, json, redirectTo } from '../support/idp-faults.ts'
import { openRig, type RigOptions } from '../support/idp-sign-in.ts'

const METADATA_SERVICE = 'http://169.254.169.254/latest/meta-data/'
const MEBIBYTE = 1024 * 1024

const NO_START: ReadonlyArray<{ what: string; rig: RigOptions; says: RegExp }> = [
  {
    what: 'sends a discovery document of 100 MiB',
    rig: faulty({ discovery: huge(100 * MEBIBYTE) }),
    says: /longer than 1 MiB/,
  },
  {
    what: 'sends a key set of 10,000 keys',
    rig: faulty({ jwks: json(manyKeys(10_000)) }),
    says: /longer than 1 MiB/,
  },
  {
    what: 'redirects discovery to a metadata service',
    rig: faulty({ discovery: redirectTo(METADATA_SERVICE) }),
    says: /redirect/,
  },
  { what: 'keeps its keys at a metadata service', rig: keysAt(METADATA_SERVICE), says: /SSRF guard/ },
  {
    what: 'keeps its keys at a link-local address in another spelling',
    rig: keysAt('http://[::ffff:a9fe:a9fe]/'),
    says: /SSRF guard/,
  },
  {
    what: 'lives on the loopback without leave',
    rig: { allowLoopback: false },
    says: /CLAUDE_GATEWAY_ALLOW_LOOPBACK=1/,
  },
  {
    what: 'never answers',
    rig: { ...faulty({ discovery: hang }), timing: { signInMs: 100 } },
    says: /no answer in time/,
  },
]

for (const { what, rig, says } of NO_START) {
  test(`the gateway does not start with a provider that ${what}`, async () => {
    await assert.rejects(openRig(rig), { name: 'DiscoveryError', message: says })
  })
}

test('token and userinfo endpoints at a metadata service are never reached', async () => {
  await using token = await openRig({ manners: { metadata: { token_endpoint: METADATA_SERVICE } } })
  await using userinfo = await openRig({
    manners: { idTokenClaims: [], metadata: { userinfo_endpoint: METADATA_SERVICE } },
    oidc: { userinfo_fallback: true },
  })

  const atToken = await token.signInOnce()
  const atUserinfo = await userinfo.signInOnce()

  assert.deepEqual(atToken, {
    kind: 'failed',
    cause: 'exchange',
    err: 'idp_unreachable',
    step: 'token',
    answer: 'guard',
  })
  assert.deepEqual(atUserinfo, {
    kind: 'failed',
    cause: 'groups',
    err: 'userinfo_failed',
    step: 'userinfo',
    answer: 'guard',
  })
})

test('a userinfo of 2 MiB is refused', async () => {
  await using rig = await openRig({
    manners: {
      idTokenClaims: [],
      faults: { userinfo: json({ sub: 'u-ada', groups: ['x'.repeat(2 * MEBIBYTE)] }) },
    },
    oidc: { userinfo_fallback: true },
  })

  const outcome = await rig.signInOnce()

  assert.deepEqual(outcome, {
    kind: 'failed',
    cause: 'groups',
    err: 'userinfo_failed',
    step: 'userinfo',
    answer: 'too_long',
  })
})

test('keys that a token brings along, or points to, are not looked at', async () => {
  await using rig = await openRig({ manners: { signature: 'own_key' } })

  const outcome = await rig.signInOnce()

  assert.deepEqual(outcome, {
    kind: 'failed',
    cause: 'id_token',
    err: 'id_token_signature',
    step: 'id_token',
  })
})

test('an issuer that changes after the start is another issuer', async () => {
  await using rig = await openRig()
  rig.idp.manners.tamper = claims => ({ ...claims, iss: 'https://evil.example' })
  rig.idp.manners.metadata = { issuer: 'https://evil.example' }

  const outcome = await rig.signInOnce()

  assert.deepEqual(outcome, { kind: 'failed', cause: 'id_token', err: 'id_token_issuer', step: 'id_token' })
})

test('a certificate of nobody we know stops the start; ca_cert_pem replaces whom we know', async () => {
  const tls = createCertificate()

  await assert.rejects(openRig({ tls }), { name: 'DiscoveryError', message: /TLS certificate.*ca_cert_pem/ })
  await using rig = await openRig({ tls, oidc: { ca_cert_pem: tls.certificate_pem } })

  assert.match(rig.signIn.authorizationEndpoint, /^https:/)
})

test('a document that came by https cannot send secrets to plain http', async () => {
  const tls = createCertificate()
  const manners = { metadata: { token_endpoint: 'http://127.0.0.1/token' } }

  const opening = openRig({ tls, manners, oidc: { ca_cert_pem: tls.certificate_pem } })

  await assert.rejects(opening, { name: 'DiscoveryError', message: /token_endpoint is plain http/ })
})

function faulty(faults: NonNullable<RigOptions['manners']>['faults'] & object): RigOptions {
  return { manners: { faults } }
}

function keysAt(jwks_uri: string): RigOptions {
  return { manners: { metadata: { jwks_uri } } }
}

function manyKeys(count: number): { keys: readonly object[] } {
  return {
    keys: Array.from({ length: count }, (_, kid) => ({
      kty: 'RSA',
      kid: `${kid}`,
      e: 'AQAB',
      n: 'x'.repeat(342),
    })),
  }
}
