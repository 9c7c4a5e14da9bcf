// Upstreams of clouds; those whose providers come later are judged in full already.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem, fileWith, problemsOf } from '../support/config-text.ts'

const fileOf = (...upstreams: string[]) =>
  fileWith({ upstreams: `upstreams:\n${upstreams.map(line => `  - ${line}`).join('\n')}` })

const KEYS = 'aws_access_key_id: AKIA, aws_secret_access_key: "${API_KEY}"'
const BEDROCK = 'provider: bedrock, region: us-east-1'
const GUARDRAIL = 'guardrail: { id: g, version: DRAFT }'

function assertAccepted(...upstreams: string[]): void {
  assert.deepEqual(problemsOf(fileOf(...upstreams)), [])
}

test('bedrock takes ambient credentials, AWS keys or a bearer token', () => {
  assertAccepted(`{ ${BEDROCK}, auth: {} }`)
  assertAccepted(`{ ${BEDROCK}, auth: { ${KEYS}, aws_session_token: "\${API_KEY}" } }`)
  assertAccepted(`{ ${BEDROCK}, auth: { aws_bearer_token: "\${API_KEY}" } }`)
})

test('half a key pair is refused', () => {
  assertProblem(fileOf(`{ ${BEDROCK}, auth: { aws_access_key_id: x } } # here`), 'upstreams[0].auth', [
    'lacks aws_secret_access_key',
    'auth: {}',
  ])
})

test('a bearer token beside AWS keys is refused', () => {
  assertProblem(
    fileOf(`{ ${BEDROCK}, auth: { ${KEYS}, aws_bearer_token: "\${API_KEY}" } } # here`),
    'upstreams[0].auth',
    ['mixes aws_bearer_token and AWS keys'],
  )
})

test('a role cannot be assumed with a bearer token', () => {
  const role = 'assume_role: { role_arn: "arn:aws:iam::123456789012:role/x", session_name: email }'

  assertAccepted(`{ ${BEDROCK}, ${role}, auth: {} }`)
  assertProblem(
    fileOf(`{ ${BEDROCK}, ${role}, auth: { aws_bearer_token: "\${API_KEY}" } } # here`),
    'upstreams[0].assume_role',
    ['STS'],
  )
})

test('a role is an ARN of IAM, and a session is named after email or sub', () => {
  const upstream = (role: string) => fileOf(`{ ${BEDROCK}, auth: {}, assume_role: { ${role} } } # here`)

  assertAccepted(
    `{ ${BEDROCK}, auth: {}, assume_role: { role_arn: "arn:aws-us-gov:iam::123456789012:role/x" } }`,
  )
  assertProblem(upstream('role_arn: "arn:aws:sts::1:x"'), 'upstreams[0].assume_role.role_arn', [
    'arn:aws:iam::',
  ])
  assertProblem(
    upstream('role_arn: "arn:aws:iam::123456789012:role/x", session_name: name'),
    'upstreams[0].assume_role.session_name',
    ['one of email, sub'],
  )
})

test('a guardrail’s version is DRAFT or digits, as text', () => {
  const upstream = (version: string) =>
    fileOf(`{ ${BEDROCK}, auth: {}, guardrail: { id: g, version: ${version} } } # here`)

  assert.deepEqual(problemsOf(upstream('"12"')), [])
  assertProblem(upstream('latest'), 'upstreams[0].guardrail.version', ['"DRAFT" or a version in digits'])
  assertProblem(upstream('1'), 'upstreams[0].guardrail.version', ['quote it'])
})

test('all bedrock upstreams have a guardrail or none has', () => {
  const guarded = `{ ${BEDROCK}, name: a, auth: {}, ${GUARDRAIL} }`

  assertAccepted(guarded, `{ ${BEDROCK}, name: b, auth: {}, ${GUARDRAIL} }`)
  assertProblem(fileOf(guarded, `{ ${BEDROCK}, name: b, auth: {} } # here`), 'upstreams[1]', [
    'has no guardrail',
  ])
})

test('mantle cannot stand beside a guardrail', () => {
  assertProblem(
    fileOf(
      `{ ${BEDROCK}, auth: {}, ${GUARDRAIL} }`,
      '{ provider: mantle, region: us-east-1, models: [x] } # here',
    ),
    'upstreams[1]',
    ['cannot have a guardrail'],
  )
})

test('mantle needs its models and keeps the path /anthropic', () => {
  assertAccepted(
    '{ provider: mantle, region: us-east-1, models: [x], base_url: "https://m.example.com/anthropic/" }',
  )
  assertProblem(fileOf('{ provider: mantle, region: us-east-1 } # here'), 'upstreams[0].models', ['missing'])
  assertProblem(
    fileOf('{ provider: mantle, region: us-east-1, models: [x], base_url: "https://m.example.com" } # here'),
    'upstreams[0].base_url',
    ['/anthropic'],
  )
})

test('mantle knows no guardrail and no role', () => {
  for (const key of ['guardrail', 'assume_role']) {
    assertProblem(
      fileOf(`{ provider: mantle, region: us-east-1, models: [x], ${key}: {} } # here`),
      `upstreams[0].${key}`,
      ['unknown key'],
    )
  }
})

test('anthropicAws needs its region and workspace', () => {
  assertAccepted(
    '{ provider: anthropicAws, region: us-east-1, workspace_id: w, auth: { api_key: "${API_KEY}" } }',
  )
  assertProblem(
    fileOf('{ provider: anthropicAws, region: us-east-1, auth: {} } # here'),
    'upstreams[0].workspace_id',
    ['missing'],
  )
  assertProblem(
    fileOf('{ provider: anthropicAws, region: US, workspace_id: w, auth: {} } # here'),
    'upstreams[0].region',
    ['lower-case'],
  )
})

test('vertex takes ambient credentials or the path of a key file, never its content', () => {
  const upstream = (auth: string) =>
    `{ provider: vertex, region: global, project_id: p, auth: ${auth} } # here`

  assertAccepted(upstream('{}'))
  assertAccepted(upstream('{ service_account_json: /sa.json }'))
  assertProblem(
    fileOf(upstream('{ service_account_json: "{}" }')),
    'upstreams[0].auth.service_account_json',
    ['an absolute path'],
  )
})

test('foundry takes Entra or an API key', () => {
  const upstream = (auth: string) => `{ provider: foundry, resource: r, auth: ${auth} } # here`

  assertAccepted(upstream('{ use_azure_ad: true }'))
  assertAccepted(upstream('{ api_key: "${API_KEY}" }'))
  assertProblem(fileOf(upstream('{}')), 'upstreams[0].auth', ['{use_azure_ad: true} or {api_key}'])
  assertProblem(fileOf(upstream('{ use_azure_ad: false }')), 'upstreams[0].auth.use_azure_ad', [
    'can only be true',
  ])
  assertProblem(fileOf(upstream('{ use_azure_ad: true, api_key: "${API_KEY}" }')), 'upstreams[0].auth', [
    'use_azure_ad and api_key',
  ])
  assertAccepted(upstream('{ use_azure_ad: true, scope: "https://cognitiveservices.azure.com/.default" }'))
  assertProblem(
    fileOf(upstream('{ use_azure_ad: true, scope: "https://ai.azure.com" }')),
    'upstreams[0].auth.scope',
    ['ends in /.default'],
  )
  assertProblem(
    fileOf(upstream('{ api_key: "${API_KEY}", scope: "https://ai.azure.com/.default" }')),
    'upstreams[0].auth.scope',
    ['is for Entra'],
  )
})

test('only a proxy of the operator’s own may be told who asks: clouds have no such key', () => {
  const vertex = 'provider: vertex, region: global, project_id: p, auth: {}'
  const foundry = 'provider: foundry, resource: r, auth: { use_azure_ad: true }'

  for (const keys of [vertex, foundry]) {
    const told = `{ ${keys}, base_url: "https://proxy.example.com", forward_user_identity: true } # here`
    assertProblem(fileOf(told), 'upstreams[0].forward_user_identity', ['unknown key'])
  }
})

test('whoever leaves out auth is told a line that this provider takes', () => {
  const keys = {
    bedrock: 'region: us-east-1',
    anthropicAws: 'region: us-east-1, workspace_id: wrkspc_1',
    vertex: 'region: us-east5, project_id: my-project',
    foundry: 'resource: my-resource',
  }
  const lines = Object.entries(keys).map(([provider, rest]) => {
    const entry = `provider: ${provider}, ${rest}`
    const [problem] = problemsOf(fileOf(`{ ${entry} }`))
    const line = /^add `(auth: .*)`\.$/.exec(problem?.fix ?? '')?.[1] ?? ''
    assert.equal(problem?.path, 'upstreams[0].auth')
    assertAccepted(`{ ${entry}, ${line} }`)
    return line
  })

  assert.deepEqual(lines, ['auth: {}', 'auth: {}', 'auth: {}', 'auth: { use_azure_ad: true }'])
})
