// Reading a file: its identity, what is audited, and what --check prints.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { checkOutput } from '../../app/config/check.ts'
import { readEnvironment } from '../../app/config/environment.ts'
import { configLoadEvent, type LoadedConfig, loadConfig } from '../../app/config/load.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'
import { assertNoSecret, fileWith, SECRETS } from '../support/config-text.ts'

function load(
  content: string | Buffer,
  variables: Record<string, string> = SECRETS,
  allowUnset = false,
): LoadedConfig {
  return loadConfig({
    path: '/etc/gateway.yaml',
    environment: readEnvironment(variables),
    readFile: () => ({ kind: 'read', bytes: Buffer.from(content) }),
    now: 0,
    judgeHost,
    judgePolicies: () => [],
    builtins: [],
    allowUnset,
  })
}

test('the hash is of the file’s bytes, so that no secret influences it', () => {
  const text = fileWith()
  const expected = createHash('sha256').update(text).digest('hex')

  assert.equal(load(text).sha256, expected)
  assert.equal(load(text, { ...SECRETS, JWT: 'another-secret-0123456789-0123456789' }).sha256, expected)
  assert.notEqual(load(`${text}# comment\n`).sha256, expected)
})

test('a valid file is audited with its references counted', () => {
  const result = load(fileWith())

  assert.deepEqual(configLoadEvent(result, '1.2.3'), {
    evt: 'config.load',
    path: '/etc/gateway.yaml',
    sha256: result.sha256,
    result: 'success',
    problems: 0,
    version: '1.2.3',
    secrets: { env: 4, file: 0, secret: 0 },
  })
})

test('a refused file is audited with its problems counted', () => {
  const event = configLoadEvent(
    load(fileWith({ session: 'session: { jwt_secret: "${SHORT}", ttl: 1 }' })),
    '1.2.3',
  )

  assert.deepEqual([event?.result, event?.problems], ['fail', 2])
})

test('a file that could not be read leaves no audit line', () => {
  const result = loadConfig({
    path: '/nowhere',
    environment: readEnvironment({}),
    readFile: () => ({ kind: 'failed', code: 'ENOENT' }),
    now: 0,
    judgeHost,
    judgePolicies: () => [],
    builtins: [],
  })

  assert.equal(configLoadEvent(result, '1.2.3'), null)
})

test('a file that is not UTF-8 is refused, and audited', () => {
  const result = load(Buffer.of(0xff, 0xfe, 0x00))

  assert.ok(result.kind === 'refused')
  assert.deepEqual(
    result.problems.map(({ text, fix }) => [text, fix]),
    [['the file is not UTF-8 text.', 'save it as UTF-8.']],
  )
  assert.equal(configLoadEvent(result, '1.2.3')?.result, 'fail')
})

test('--check prints that a file is valid, and its warnings apart', () => {
  const text = fileWith({ session: 'session: { jwt_secret: "${JWT}", ttl_hours: 25 }' })

  assert.deepEqual(checkOutput(load(text)), {
    stdout: '/etc/gateway.yaml: valid\n',
    stderr:
      'warning: session.ttl_hours: is over 24: a developer who left keeps access that long. (line 3, column 45)\n',
    exitCode: 0,
  })
})

test('--check prints the report of a refused file', () => {
  const { stdout, stderr, exitCode } = checkOutput(
    load(fileWith({ session: 'session: { jwt_secret: "${SHORT}" }' })),
  )

  assert.deepEqual([stdout, exitCode], ['', 1])
  assert.equal(
    stderr,
    'gatehouse: 1 problem in /etc/gateway.yaml\n' +
      '  line 3, column 24  session.jwt_secret (from ${SHORT}): 12 characters, needs at least 32.\n' +
      '      Fix: generate one with `openssl rand -base64 32`.\n',
  )
  assertNoSecret(stderr)
})

test('--check without the secrets refuses, and with --allow-unset passes', () => {
  const strict = checkOutput(load(fileWith(), {}))
  const lenient = checkOutput(load(fileWith(), {}, true))

  assert.equal(strict.exitCode, 1)
  assert.equal(strict.stderr.match(/is not set\./g)?.length, 4)
  assert.deepEqual([lenient.exitCode, lenient.stdout], [0, '/etc/gateway.yaml: valid\n'])
  assert.equal(lenient.stderr.match(/is not set: the key is skipped\./g)?.length, 4)
})

test('--check lists secrets as not resolved', () => {
  const result: LoadedConfig = {
    kind: 'incomplete',
    unresolvedSecrets: ['projects/p/secrets/s/versions/1'],
    warnings: [],
    references: { env: 0, file: 0, secret: 1 },
    path: 'g.yaml',
    sha256: 'x',
  }

  assert.deepEqual(checkOutput(result), {
    stdout: 'g.yaml: valid\n',
    stderr: 'not resolved: ${secret:projects/p/secrets/s/versions/1}\n',
    exitCode: 0,
  })
})

test('the environment’s warnings stand among the file’s', () => {
  const { stderr } = checkOutput(load(fileWith(), { ...SECRETS, CLAUDE_GATEWAY_LOG_LEVEL: 'loud' }))

  assert.match(stderr, /^warning: CLAUDE_GATEWAY_LOG_LEVEL is none of /)
})
