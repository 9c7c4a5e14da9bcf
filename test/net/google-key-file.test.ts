// Credentials of a file: what Google's token service is told, and where it is told it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import {
  claimsOf,
  credentialsFile,
  googleNetwork,
  granted,
  openToken,
  serviceAccount,
} from '../support/google.ts'

test('a key file is shown as a signed assertion to Google, over verified TLS, and nowhere else', async t => {
  const account = serviceAccount()
  // An address in the file is not where the assertion goes.
  credentialsFile(t, JSON.stringify({ ...account.file, token_uri: 'https://evil.example.com/token' }))
  const requests: { url: string; form: URLSearchParams }[] = []
  const network = await googleNetwork(t, async (request, response) => {
    const [body] = await once(request, 'data')
    requests.push({
      url: `https://${request.headers.host}${request.url}`,
      form: new URLSearchParams(`${body}`),
    })
    response.setHeader('content-type', 'application/json').end(granted('ya29.file'))
  })
  const { token } = openToken(t, network)

  assert.equal(await token.get(), 'ya29.file')

  const [request] = requests
  assert.equal(requests.length, 1)
  assert.equal(request?.url, 'https://oauth2.googleapis.com/token')
  const { assertion = '', ...rest } = Object.fromEntries(request.form)
  assert.deepEqual(rest, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' })
  const { iat, exp, ...claims } = claimsOf(assertion, account.publicKey)
  assert.deepEqual(claims, {
    alg: 'RS256',
    isSigned: true,
    iss: 'gateway@p.iam.gserviceaccount.com',
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    aud: 'https://oauth2.googleapis.com/token',
  })
  assert.equal(Number(exp) - Number(iat), 3600)
})

test('a replaced key file is read at the next token', async t => {
  const [old, next] = [serviceAccount(), serviceAccount()]
  credentialsFile(t, JSON.stringify(old.file))
  const signed: unknown[] = []
  const network = await googleNetwork(t, async (request, response) => {
    const [body] = await once(request, 'data')
    const assertion = new URLSearchParams(`${body}`).get('assertion') ?? ''
    signed.push([old, next].map(({ publicKey }) => claimsOf(assertion, publicKey)['isSigned']))
    response.setHeader('content-type', 'application/json').end(granted(`ya29.${signed.length}`))
  })
  const { token } = openToken(t, network)
  await token.get()

  credentialsFile(t, JSON.stringify(next.file))
  token.refused()
  await token.get()

  assert.deepEqual(signed, [
    [true, false],
    [false, true],
  ])
})

test('a federation file trades its subject token for one of the service account’s', async t => {
  const subject = credentialsFile(t, 'a.subject.token')
  credentialsFile(
    t,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      credential_source: { file: subject },
      service_account_impersonation_url:
        'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/g@p.iam.gserviceaccount.com:generateAccessToken',
    }),
  )
  const seen: string[] = []
  const network = await googleNetwork(t, async (request, response) => {
    const [body] = await once(request, 'data')
    seen.push(`${request.headers.host}${request.url} ${request.headers.authorization} ${body}`)
    response.setHeader('content-type', 'application/json')
    const isExchange = request.url === '/v1/token'
    const expireTime = new Date(Date.now() + 3_600_000).toISOString()
    response.end(isExchange ? granted('federated') : JSON.stringify({ accessToken: 'ya29.sa', expireTime }))
  })
  const { token } = openToken(t, network)

  assert.equal(await token.get(), 'ya29.sa')

  assert.match(seen[0] ?? '', /^sts\.googleapis\.com\/v1\/token undefined .*subject_token=a\.subject\.token/)
  assert.match(seen[1] ?? '', /^iamcredentials\.googleapis\.com\/.*:generateAccessToken Bearer federated \{/)
  assert.equal(seen.length, 2)
})

test('a redirect of the token service is not followed', async t => {
  credentialsFile(t, JSON.stringify(serviceAccount().file))
  const asked: string[] = []
  const network = await googleNetwork(t, (request, response) => {
    asked.push(`${request.url}`)
    response.writeHead(307, { location: 'https://sts.googleapis.com/elsewhere' }).end()
  })
  const { token } = openToken(t, network)

  await assert.rejects(async () => token.get(), /cannot be reached \(ERR_UNEXPECTED_REDIRECT\)/)

  assert.deepEqual(new Set(asked), new Set(['/token']))
})
