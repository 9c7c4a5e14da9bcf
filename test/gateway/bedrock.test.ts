// A whole gateway in front of Bedrock: configuration, sign-in, AWS's own chain of credentials, a role for each developer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  awsEnvironment,
  inSeconds,
  instanceService,
  keyIdOf,
  ROLE,
  startTokenService,
} from '../support/aws.ts'
import { ACCOUNT, awsError, KEYS, REGION, REPLY, refusalOf, usualAnswer } from '../support/bedrock.ts'
import { startUpstream } from '../support/upstream.ts'
import { ASK, openWholeGateway } from '../support/whole-gateway.ts'

test('a signed-in developer is served by Bedrock under their own session, and sees and leaves no trace of the account', async t => {
  const service = await startTokenService(t, { sessionToken: 'marked-instance-token' })
  const instance = {
    ...{
      AccessKeyId: KEYS.accessKeyId,
      SecretAccessKey: KEYS.secretAccessKey,
      Token: 'marked-instance-token',
    },
    Expiration: inSeconds(3600),
  }
  await using metadata = await startUpstream(instanceService(() => instance))
  awsEnvironment(t, {
    AWS_ENDPOINT_URL_STS: service.origin,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.origin,
  })
  let isDenied = false
  await using bedrock = await startUpstream(request => {
    const [, accessKeyId = ''] = /Credential=([^/]+)/.exec(request.headers['authorization'] ?? '') ?? []
    const keys = { ...KEYS, accessKeyId, sessionToken: `marked-token-of-${accessKeyId}` }
    if (isDenied) return awsError(403, 'AccessDeniedException', `User: ${ROLE} of ${ACCOUNT} is denied`)
    return refusalOf(request, keys) ?? usualAnswer(request)
  })
  const entry = {
    ...{ provider: 'bedrock', region: REGION, base_url: bedrock.origin, auth: {} },
    assume_role: { role_arn: ROLE, session_name: 'email' },
  }
  await using whole = await openWholeGateway({ sections: { upstreams: [entry] } })
  const { access_token } = await whole.tokens()

  const served = await whole.ask(access_token, { ...ASK, model: 'claude-haiku-4-5' })
  isDenied = true
  const denied = await whole.ask(access_token)

  assert.deepEqual([served.status, served.body], [200, JSON.stringify(REPLY)])
  const [request] = bedrock.requests
  assert.equal(request?.path, '/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke')
  const { gateway } = whole
  const events = gateway.events.filter(event => event.evt === 'inference')
  const [first] = events
  const name = service.asked[0]?.['RoleSessionName'] ?? ''
  assert.equal(name, first?.email)
  assert.ok(request?.headers['authorization']?.includes(keyIdOf(name)))
  assert.deepEqual(
    [denied.status, JSON.parse(denied.body).error],
    [403, { type: 'permission_error', message: 'the upstream denied the gateway; tell its operator' }],
  )
  assert.deepEqual(
    events.map(event => [
      event.model,
      event.upstream,
      event.upstream_request_id,
      event.status,
      event.usage?.input,
    ]),
    [
      ['claude-haiku-4-5', 'bedrock', 'aws-request-3', 200, 3],
      ['claude-sonnet-5', 'bedrock', 'aws-request-1', 403, undefined],
    ],
  )
  const written = JSON.stringify([gateway.events, gateway.lines, served, denied])
  for (const secret of [
    ACCOUNT,
    'marked-token',
    'marked-instance',
    'arn:',
    KEYS.accessKeyId,
    KEYS.secretAccessKey,
  ])
    assert.equal(written.includes(secret), false, secret)
  assert.match(written, /User: \[masked\] of \[masked\] is denied/)
})
