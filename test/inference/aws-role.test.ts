// Roles on AWS: a session for each developer, from the real SDK and a token service on loopback.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RoleSessions, sessionNameOf } from '../../app/inference/upstreams/aws-sessions.ts'
import { type Assumed, awsEnvironment, keyIdOf, ROLE, startTokenService, stsError } from '../support/aws.ts'
import { ACCOUNT, awsError, bedrockEntry, KEYS, REPLY, refusalOf, usualAnswer } from '../support/bedrock.ts'
import { recordLog } from '../support/recorded-log.ts'
import { post } from '../support/relay-client.ts'
import { type RigOptions, startRelay } from '../support/relay-rig.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'

interface RoleRigOptions extends Partial<RigOptions> {
  readonly session_name?: 'email' | 'sub'
  readonly refusal?: (form: Assumed) => Buffer | null
  readonly seconds?: number
}

/** A relay whose Bedrock takes a session of a role only, and another upstream behind it. */
async function onRole(t: TestContext, { session_name, refusal, seconds, ...rig }: RoleRigOptions = {}) {
  const service = await startTokenService(t, {
    ...(refusal === undefined ? {} : { refusal }),
    ...(seconds === undefined ? {} : { seconds }),
  })
  awsEnvironment(t, { AWS_ENDPOINT_URL_STS: service.origin })
  const keyIds: string[] = []
  const bedrock = await startUpstream(request => {
    const [, accessKeyId = ''] = /Credential=([^/]+)/.exec(request.headers['authorization'] ?? '') ?? []
    keyIds.push(accessKeyId)
    const keys = { ...KEYS, accessKeyId, sessionToken: `marked-token-of-${accessKeyId}` }
    return refusalOf(request, keys) ?? usualAnswer(request)
  })
  const fallback = await startUpstream(() => jsonAnswer(REPLY))
  const role = { role_arn: ROLE, external_id: 'ext', ...(session_name === undefined ? {} : { session_name }) }
  const relay = await startRelay({
    models: { 'claude-test': 'anthropic.claude-test' },
    ...rig,
    upstreams: [{ ...bedrockEntry(bedrock.origin), assume_role: role }, { base_url: fallback.origin }],
  })
  for (const part of [relay, bedrock, fallback]) t.after(() => part[Symbol.asyncDispose]())
  return { service, keyIds, fallback, relay }
}

test('all developers share one session when none is named for them', async t => {
  const { service, keyIds, relay } = await onRole(t)

  await Promise.all(Array.from({ length: 20 }, () => post(relay.port)))

  const id = keyIdOf('claude-apps-gateway')
  assert.deepEqual(keyIds, Array(20).fill(id))
  const [form] = service.asked
  assert.deepEqual(
    [
      service.asked.length,
      form?.['RoleArn'],
      form?.['ExternalId'],
      form?.['RoleSessionName'],
      form?.['DurationSeconds'],
    ],
    [1, ROLE, 'ext', 'claude-apps-gateway', '3600'],
  )
})

test('each developer has a session that names them', async t => {
  const identity = { sub: 'dev|1', email: 'zoë@example.com' }
  const byEmail = await onRole(t, { session_name: 'email', identity })
  const bySub = await onRole(t, { session_name: 'sub', identity })

  assert.equal((await post(bySub.relay.port)).status, 200)
  awsEnvironment(t, { AWS_ENDPOINT_URL_STS: byEmail.service.origin })
  assert.equal((await post(byEmail.relay.port)).status, 200)

  assert.deepEqual(byEmail.keyIds, [keyIdOf('zo=C3=AB@example.com')])
  assert.deepEqual(bySub.keyIds, [keyIdOf('dev=7C1')])
})

test('a developer without the claim goes to the next upstream, and no keys are asked for or used', async t => {
  const { service, keyIds, fallback, relay } = await onRole(t, {
    session_name: 'email',
    identity: { sub: 'dev-1' },
  })

  const reply = await post(relay.port)

  assert.deepEqual([reply.status, service.asked.length, keyIds, fallback.requests.length], [200, 0, [], 1])
  assert.match(relay.log.lines.join('\n'), /no credential: the role's session is named by email, which/)
})

test('a role that cannot be assumed never falls back to the keys behind it, and its names stay out of the log', async t => {
  const text = `User: arn:aws:iam::${ACCOUNT}:user/marked is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`
  const { keyIds, fallback, relay } = await onRole(t, { refusal: () => stsError(403, 'AccessDenied', text) })

  const replies = [await post(relay.port), await post(relay.port)]

  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200],
  )
  assert.deepEqual([keyIds, fallback.requests.length], [[], 2])
  const log = relay.log.lines.join('\n')
  assert.match(
    log,
    /the role cannot be assumed: AccessDenied: User: \[masked\] is not authorized to perform: sts:AssumeRole/,
  )
  for (const secret of [ACCOUNT, 'arn:', 'marked', KEYS.accessKeyId])
    assert.equal(log.includes(secret), false, secret)
})

test('a session is renewed from five minutes before its end, and waited for under one', async t => {
  const time = { now: 0 }
  const { service, relay } = await onRole(t, { clock: () => time.now })
  const askedAfter = async (left: number) => {
    time.now = (3600 - left) * 1000
    await post(relay.port)
    return service.asked.length
  }

  assert.equal(await askedAfter(3600), 1)
  assert.equal(await askedAfter(310), 1)
  assert.equal(await askedAfter(50), 2)
})

test('keys that AWS calls expired are fetched anew for the next request', async t => {
  const service = await startTokenService(t)
  awsEnvironment(t, { AWS_ENDPOINT_URL_STS: service.origin })
  await using bedrock = await startUpstream(() => awsError(403, 'ExpiredTokenException', 'expired'))
  await using relay = await startRelay({
    clock: () => 0,
    upstreams: [{ ...bedrockEntry(bedrock.origin), assume_role: { role_arn: ROLE } }],
  })

  for (let requests = 0; requests < 4; requests += 1) await post(relay.port)

  assert.deepEqual([bedrock.requests.length, service.asked.length], [4, 2]) // at most every 30 s
})

test('AWS_USE_FIPS_ENDPOINT leads to the token service that is FIPS-validated', async t => {
  const { relay } = await onRole(t)
  awsEnvironment(t, { AWS_USE_FIPS_ENDPOINT: 'true' })

  await post(relay.port)

  assert.match(
    relay.log.lines.join('\n'),
    /the role cannot be assumed: .*sts-fips\.us-east-1\.amazonaws\.com/,
  )
})

test('a claim becomes a session’s name without a loss', () => {
  assert.equal(sessionNameOf('ann.o-b_c+1,2@example.com'), 'ann.o-b_c+1,2@example.com')
  assert.equal(sessionNameOf('a=b c/d'), 'a=3Db=20c=2Fd')
  assert.equal(sessionNameOf('é€😀'), '=C3=A9=E2=82=AC=F0=9F=98=80')
  assert.equal(sessionNameOf('x'), 'x=')
  assert.equal(sessionNameOf('a'.repeat(64)), 'a'.repeat(64))
  const [one, two] = [sessionNameOf(`${'a'.repeat(64)}1`), sessionNameOf(`${'a'.repeat(64)}2`)]
  assert.match(one, /^a{47}-[0-9a-f]{16}$/)
  assert.notEqual(one, two)
})

test('ten thousand sessions are held; beyond them the one used longest ago is given up', async () => {
  let assumed = 0
  const sessions = new RoleSessions({
    ...{ name: 'b', sessionName: 'sub', clock: () => 0, log: recordLog() },
    base: { get: () => KEYS, refused() {} },
    assume: async (_keys, name) => {
      assumed += 1
      return { token: { ...KEYS, sessionToken: name }, expiresIn: 3600 }
    },
  })
  for (let number = 0; number < 10_000; number += 1) await sessions.get({ sub: `developer-${number}` })
  await sessions.get({ sub: 'developer-0' })
  await sessions.get({ sub: 'one-more' })
  assert.equal(assumed, 10_001)

  const kept = await sessions.get({ sub: 'developer-0' })
  await sessions.get({ sub: 'developer-1' })

  assert.equal(kept.sessionToken, 'developer-0')
  assert.equal(assumed, 10_002)
})
