import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironment } from '../../app/config/environment.ts'
import { type ConfigResult, parseConfigText } from '../../app/config/load.ts'
import { readLocalFile } from '../../app/config/local-file.ts'
import { generateConfig } from '../../app/development/generated-config.ts'
import { builtinNames } from '../../app/inference/model-names.ts'
import { policyWarnings } from '../../app/managed/warnings.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'

const AROUND = {
  port: 8123,
  issuer: 'http://127.0.0.1:9000',
  clientId: 'development',
  clientSecret: 'a-client-secret',
  jwtSecret: 'a-signing-secret-of-at-least-32-characters',
  adminKeys: { write: 'a-write-key-of-at-least-32-characters', read: 'a-read-key-of-at-least-32-characters' },
  postgresUrl: 'postgres://gatehouse@%2Ftmp%2Fsocket:5432/postgres',
}

function judge(modelUrl: string | null): ConfigResult {
  const { text, variables } = generateConfig({ ...AROUND, modelUrl })
  const environment = readEnvironment({
    ...variables,
    CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1',
    ANTHROPIC_API_KEY: 'sk-marked',
  })
  const facts = {
    environment,
    readFile: readLocalFile,
    now: Date.now(),
    judgeHost,
    builtins: builtinNames(),
    judgePolicies: policyWarnings,
  }
  return parseConfigText(text, facts)
}

test('the configuration of development mode is valid and gives no cause for a warning', () => {
  const result = judge('http://127.0.0.1:9001')

  assert.deepEqual([result.kind, result.warnings], ['loaded', []])
  assert.equal(result.kind === 'loaded' && result.config.listen.public_url, 'http://127.0.0.1:8123')
})

test('with a key of the environment the upstream is the Anthropic API, else the stand-in', () => {
  const real = judge(null)
  const standIn = judge('http://127.0.0.1:9001')

  const upstreamOf = (result: ConfigResult) => {
    const upstream = result.kind === 'loaded' ? result.config.upstreams[0] : undefined
    return upstream?.provider === 'anthropic' && [upstream.name, upstream.base_url, upstream.auth]
  }
  assert.deepEqual(upstreamOf(real), ['anthropic', 'https://api.anthropic.com', { api_key: 'sk-marked' }])
  assert.deepEqual(upstreamOf(standIn), [
    'stand-in',
    'http://127.0.0.1:9001',
    { api_key: 'the stand-in asks for none' },
  ])
})

test('no secret stands in the text', () => {
  const { text } = generateConfig({ ...AROUND, modelUrl: null })

  assert.doesNotMatch(text, new RegExp(`${AROUND.clientSecret}|${AROUND.jwtSecret}|-key-of-at-least`))
})
