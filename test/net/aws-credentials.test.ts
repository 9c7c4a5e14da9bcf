// The ambient credentials of AWS: the SDK's own chain, and metadata services, all through our own transport.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { type TestContext, test } from 'node:test'
import { fetchAwsKeys } from '../../app/net/aws-credentials.ts'
import { guardedFetch } from '../../app/net/fetch.ts'
import { openNetwork } from '../../app/net/network.ts'
import {
  awsEnvironment,
  fileOf,
  instanceService,
  keyIdOf,
  metadataKeys,
  ROLE,
  startTokenService,
  stsError,
} from '../support/aws.ts'
import { ACCOUNT, KEYS } from '../support/bedrock.ts'
import { answer, jsonAnswer, type Script, startUpstream } from '../support/upstream.ts'

/** Looks for keys; lists what left through our transport. */
function chain(t: TestContext) {
  const network = openNetwork({ allowLoopback: true })
  t.after(() => network.close())
  const sent: string[] = []
  const through = (purpose: 'token_exchange' | 'ambient'): typeof fetch => {
    const ask = guardedFetch({ dispatcher: network.dispatcher({ purpose }), totalMs: 5000, maxBytes: 65_536 })
    return (input, init) => {
      sent.push(`${purpose} ${init?.method ?? 'GET'} ${new URL(String(input)).pathname}`)
      return ask(input, init)
    }
  }
  const transports = { exchange: through('token_exchange'), metadata: through('ambient') }
  return { sent, keys: () => fetchAwsKeys(transports, 'us-east-1') }
}

test('the library is loaded when keys are looked for, and not before', async t => {
  awsEnvironment(t, { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' })
  const isLoaded = () =>
    Object.keys(createRequire(import.meta.url).cache).some(path => path.includes('/credential-provider-env/'))
  const { keys } = chain(t)
  const before = isLoaded()

  const { token, expiresIn } = await keys()

  assert.deepEqual([before, isLoaded()], [false, true])
  assert.deepEqual(token, { accessKeyId: 'AKIAENV', secretAccessKey: 's', sessionToken: 't' })
  assert.equal(expiresIn, Number.POSITIVE_INFINITY)
})

test('keys of a shared file are used, those of the profile that the environment names', async t => {
  const file = fileOf(
    t,
    '[default]\naws_access_key_id=AKIADEF\naws_secret_access_key=s\n[other]\naws_access_key_id=AKIAOTH\naws_secret_access_key=s\n',
  )
  awsEnvironment(t, { AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'other' })

  const { token } = await chain(t).keys()

  assert.equal(token.accessKeyId, 'AKIAOTH')
})

test('a web identity is traded for a session of its role, through our transport', async t => {
  const service = await startTokenService(t)
  awsEnvironment(t, {
    ...{ AWS_ENDPOINT_URL_STS: service.origin, AWS_ROLE_ARN: ROLE, AWS_ROLE_SESSION_NAME: 'gatehouse' },
    AWS_WEB_IDENTITY_TOKEN_FILE: fileOf(t, 'a.web.token'),
  })
  const { keys, sent } = chain(t)

  const { token, expiresIn } = await keys()

  assert.equal(token.accessKeyId, keyIdOf('gatehouse'))
  assert.ok(expiresIn > 3500 && expiresIn <= 3600)
  assert.deepEqual(sent, ['token_exchange POST /'])
  assert.deepEqual(
    [service.asked[0]?.['Action'], service.asked[0]?.['WebIdentityToken']],
    ['AssumeRoleWithWebIdentity', 'a.web.token'],
  )
})

test('a profile’s role is assumed with the keys of its source, through our transport', async t => {
  const service = await startTokenService(t)
  const source = `[source]\naws_access_key_id=${KEYS.accessKeyId}\naws_secret_access_key=${KEYS.secretAccessKey}\n`
  const profile = `[profile work]\nrole_arn=${ROLE}\nsource_profile=source\nrole_session_name=ours\nregion=us-east-1\n`
  awsEnvironment(t, {
    ...{ AWS_ENDPOINT_URL_STS: service.origin, AWS_PROFILE: 'work' },
    ...{ AWS_SHARED_CREDENTIALS_FILE: fileOf(t, source), AWS_CONFIG_FILE: fileOf(t, profile) },
  })
  const { keys, sent } = chain(t)

  const { token } = await keys()

  assert.equal(token.accessKeyId, keyIdOf('ours'))
  assert.deepEqual(sent, ['token_exchange POST /'])
})

async function serving(t: TestContext, script: Script) {
  const server = await startUpstream(script)
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

test('an instance’s keys come from its metadata service, in the second version only', async t => {
  const server = await serving(
    t,
    instanceService(() => metadataKeys('ASIAINSTANCE')),
  )
  awsEnvironment(t, { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.origin })
  const { keys, sent } = chain(t)

  const { token, expiresIn } = await keys()

  assert.equal(token.accessKeyId, 'ASIAINSTANCE')
  assert.equal(token.sessionToken, 'marked-token-of-ASIAINSTANCE')
  assert.ok(expiresIn > 3500 && expiresIn <= 3600)
  assert.deepEqual(sent, [
    'ambient PUT /latest/api/token',
    'ambient GET /latest/meta-data/iam/security-credentials/',
    'ambient GET /latest/meta-data/iam/security-credentials/marked-role',
  ])
  assert.equal(server.requests.length, sent.length) // and nothing went there another way
})

test('a container’s keys come from its agent, with the token that the environment gives', async t => {
  const server = await serving(t, ({ headers }) =>
    headers['authorization'] === 'agent-token'
      ? jsonAnswer(metadataKeys('ASIATASK'))
      : answer({ status: 401 }),
  )
  const file = fileOf(t, 'agent-token\n')
  for (const token of [
    { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'agent-token' },
    { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'no' },
  ]) {
    awsEnvironment(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.origin}/v1/credentials`, ...token })
    const { keys, sent } = chain(t)

    assert.equal((await keys()).token.accessKeyId, 'ASIATASK')
    assert.deepEqual(sent, ['ambient GET /v1/credentials'])
  }
  assert.equal(server.requests.length, 2)
})

test('credentials are asked of no host that a container’s agent cannot be', async t => {
  for (const uri of ['http://10.0.0.1/c', 'http://metadata.example.com/', 'file:///etc/passwd', 'nonsense']) {
    awsEnvironment(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri })
    const { keys, sent } = chain(t)

    await assert.rejects(
      keys,
      /AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that credentials are not asked from/,
    )
    assert.deepEqual(sent, [])
  }
})

test('a metadata service that stumbles is asked three times, one that refuses once', async t => {
  let failures = 2
  const service = instanceService(() => metadataKeys('ASIAINSTANCE'))
  const server = await serving(t, (request, socket) => {
    failures -= 1
    return failures >= 0 ? answer({ status: 503 }) : service(request, socket)
  })
  awsEnvironment(t, { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.origin })
  assert.equal((await chain(t).keys()).token.accessKeyId, 'ASIAINSTANCE')

  const refusing = await serving(t, () => answer({ status: 404 }))
  awsEnvironment(t, { AWS_EC2_METADATA_SERVICE_ENDPOINT: refusing.origin })

  await assert.rejects(
    chain(t).keys,
    /^Error: no AWS credentials: .* from the instance metadata service none: it answered 404$/,
  )
  assert.equal(refusing.requests.length, 1)
})

test('an answer that is not what it should be is told without a word of it', async t => {
  for (const body of [
    '{"AccessKeyId":"marked',
    'marked',
    JSON.stringify({ ...metadataKeys('ASIAX'), Token: 7 }),
  ]) {
    const server = await serving(t, () => answer({ body }))
    awsEnvironment(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: server.origin })

    await assert.rejects(chain(t).keys, { message: 'the metadata service answered without keys' })
  }
})

test('a process that gives no keys is passed over, and what it printed is not told', async t => {
  const script = fileOf(t, 'echo marked-secret >&2; exit 1')
  const profile = fileOf(t, `[default]\ncredential_process=sh ${script}\n`)
  awsEnvironment(t, { AWS_CONFIG_FILE: profile, AWS_EC2_METADATA_DISABLED: 'true' })

  await assert.rejects(chain(t).keys, {
    message: 'no AWS credentials: no keys, profile, web identity or container, and no metadata service',
  })
})

test('a process that gives keys is listened to', async t => {
  const keys = { Version: 1, AccessKeyId: 'AKIAPROC', SecretAccessKey: 's' }
  const script = fileOf(t, `echo '${JSON.stringify(keys)}'`)
  awsEnvironment(t, { AWS_CONFIG_FILE: fileOf(t, `[default]\ncredential_process=sh ${script}\n`) })

  assert.equal((await chain(t).keys()).token.accessKeyId, 'AKIAPROC')
})

test('without any source the sentence says what was looked for', async t => {
  awsEnvironment(t, { AWS_EC2_METADATA_DISABLED: 'true' })
  await assert.rejects(
    chain(t).keys,
    /^Error: no AWS credentials: no keys, profile, web identity or container/,
  )
})

test('what the token service says is told without the account, the role, or a key', async t => {
  const text = `User: ${ROLE} is not authorized to perform: sts:AssumeRoleWithWebIdentity on ${ACCOUNT} by ${KEYS.accessKeyId}`
  const service = await startTokenService(t, { refusal: () => stsError(403, 'AccessDenied', text) })
  awsEnvironment(t, {
    ...{ AWS_ENDPOINT_URL_STS: service.origin, AWS_ROLE_ARN: ROLE },
    AWS_WEB_IDENTITY_TOKEN_FILE: fileOf(t, 'a.web.token'),
  })

  await assert.rejects(chain(t).keys, {
    message:
      'no AWS credentials: AccessDenied: User: [masked] is not authorized to perform: sts:AssumeRoleWithWebIdentity on [masked] by [masked]',
  })
})
