import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiscoveryError } from '../../app/identity/discovery.ts'
import { discoveryUrl } from '../../app/identity/metadata.ts'
import { cut, type Fault, hang, json, notJson, redirectTo, status } from '../support/idp-faults.ts'
import { openRig, type RigOptions } from '../support/idp-sign-in.ts'

test('the discovery path is appended to the issuer, its path included', () => {
  const at = (issuer: string, discovery_url?: string) =>
    discoveryUrl({ issuer, discovery_url, userinfo_fallback: false })

  assert.equal(at('https://idp.example'), 'https://idp.example/.well-known/openid-configuration')
  assert.equal(at('https://idp.example/dex'), 'https://idp.example/dex/.well-known/openid-configuration')
  assert.equal(at('https://idp.example/dex/'), 'https://idp.example/dex/.well-known/openid-configuration')
  assert.equal(at('https://a.example', 'https://b.example/.well-known/x'), 'https://b.example/.well-known/x')
})

const FATAL: ReadonlyArray<{ what: string; rig: RigOptions; says: readonly RegExp[] }> = [
  { what: 'is not there', rig: discoveryFault(status(404)), says: [/HTTP status 404/, /discovery_url/] },
  { what: 'redirects', rig: discoveryFault(redirectTo('http://169.254.169.254/')), says: [/redirect/] },
  { what: 'is no JSON', rig: discoveryFault(notJson), says: [/no JSON object/] },
  { what: 'is a list', rig: discoveryFault(json([])), says: [/no JSON object/] },
  {
    what: 'lacks endpoints',
    rig: metadata({ token_endpoint: undefined, jwks_uri: 'x' }),
    says: [/token_endpoint, jwks_uri/],
  },
  {
    what: 'has an endpoint of another scheme',
    rig: metadata({ authorization_endpoint: 'javascript:1' }),
    says: [/authorization_endpoint/],
  },
  {
    what: 'names another issuer',
    rig: metadata({ issuer: 'https://other.example' }),
    says: [/https:\/\/other\.example/, /127\.0\.0\.1/, /discovery_url/],
  },
  {
    what: 'has no userinfo for userinfo_fallback',
    rig: { ...metadata({ userinfo_endpoint: undefined }), oidc: { userinfo_fallback: true } },
    says: [/userinfo_endpoint/, /userinfo_fallback/],
  },
  {
    what: 'leads to keys that are none',
    rig: { manners: { faults: { jwks: json({ keys: 'none' }) } } },
    says: [/no JSON Web Key Set/],
  },
]

for (const { what, rig: options, says } of FATAL) {
  test(`the gateway does not start when the discovery document ${what}`, async () => {
    const error = await failure(options)

    for (const pattern of says) assert.match(error.message, pattern)
    assert.match(error.message, /oidc\.issuer http:\/\/127\.0\.0\.1/)
  })
}

const PASSING: ReadonlyArray<{ what: string; rig: RigOptions; says: readonly RegExp[] }> = [
  { what: 'answers 503', rig: discoveryFault(status(503)), says: [/HTTP status 503/] },
  { what: 'breaks the connection', rig: discoveryFault(cut), says: [/connection broke/, /use_proxy/] },
  {
    what: 'never answers',
    rig: { ...discoveryFault(hang), timing: { signInMs: 100 } },
    says: [/no answer in time/, /use_proxy/],
  },
  {
    what: 'publishes no keys',
    rig: { manners: { faults: { jwks: status(500) } } },
    says: [/keys at .*\/jwks failed: HTTP status 500/],
  },
]

for (const { what, rig: options, says } of PASSING) {
  test(`a provider that ${what} is asked three times at the start`, async () => {
    const error = await failure(options)

    for (const pattern of [...says, /attempt 3 of 3/]) assert.match(error.message, pattern)
  })
}

const NETWORK = [
  { cause: 'DNS', code: 'ENOTFOUND', says: [/does not resolve \(DNS\)/, /use_proxy/, /attempt 3 of 3/] },
  {
    cause: 'a refused connection',
    code: 'ECONNREFUSED',
    says: [/connection was refused/, /use_proxy/, /attempt 3 of 3/],
  },
  {
    cause: 'TLS',
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
    says: [/TLS certificate/, /ca_cert_pem/, /attempt 3 of 3/],
  },
  {
    cause: 'the guard',
    code: 'ECONNREFUSED_SSRF',
    says: [/SSRF guard/, /CLAUDE_GATEWAY_ALLOW_LOOPBACK=1/, /attempt 1 of 3/],
  },
] as const

for (const { cause, code, says } of NETWORK) {
  test(`a start that fails on ${cause} says so, and what to do`, async () => {
    const error = await failure({ fetch: () => Promise.reject(Object.assign(new Error('no'), { code })) })

    for (const pattern of says) assert.match(error.message, pattern)
  })
}

test('a provider that comes back between two attempts is used', async () => {
  let asked = 0
  const recovering: Fault = (request, response) => {
    asked += 1
    if (asked === 1) return status(503)(request, response)
    const issuer = `http://${request.headers.host}`
    const at = (path: string) => `${issuer}${path}`
    json({
      issuer,
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      jwks_uri: at('/jwks'),
    })(request, response)
  }
  await using rig = await openRig(discoveryFault(recovering))

  const outcome = await rig.signInOnce()

  assert.equal(outcome.kind, 'signed_in')
  assert.ok(rig.log.lines.some(line => line.startsWith('warn ') && line.includes('attempt 1 of 3')))
})

test('with discovery_url the issuer of the document rules, and the difference is logged', async () => {
  await using other = await openRig({ manners: { path: '/tenant' } })
  const discovery_url = `${other.idp.issuer}/.well-known/openid-configuration`
  await using rig = await openRig({ oidc: { issuer: 'https://idp.example', discovery_url } })

  assert.equal(rig.signIn.authorizationEndpoint, `${other.idp.issuer}/authorize`)
  assert.ok(
    rig.log.lines.some(line => line.includes(`issuer ${other.idp.issuer} rules, not https://idp.example`)),
  )
})

function discoveryFault(fault: Fault): RigOptions {
  return { manners: { faults: { discovery: fault } } }
}

function metadata(members: Readonly<Record<string, unknown>>): RigOptions {
  return { manners: { metadata: members } }
}

async function failure(options: RigOptions): Promise<Error> {
  const error = await openRig(options).then(
    rig => rig[Symbol.asyncDispose]().then(() => assert.fail('the gateway started')),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof DiscoveryError)
  return error
}
