import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quietGoogleLibraries, readEnvironment } from '../../app/config/environment.ts'

test('an empty environment has the defaults of the manual', () => {
  const { variable, ...environment } = readEnvironment({})

  assert.equal(variable('HOME'), undefined)
  assert.deepEqual(environment, {
    logLevel: 'info',
    allowLoopback: false,
    drainTimeoutMs: 25_000,
    kService: undefined,
    kRevision: undefined,
    cloudRunJob: undefined,
    googleCloudProject: undefined,
    azureClientId: undefined,
    port: undefined,
    proxies: { https: null, http: null, exceptions: [], isBoundary: false },
    proxyProblems: [],
    warnings: [],
  })
})

test('a log level is one of four; another is info and a warning', () => {
  for (const level of ['debug', 'info', 'warn', 'error']) {
    assert.equal(readEnvironment({ CLAUDE_GATEWAY_LOG_LEVEL: level }).logLevel, level)
  }
  const wrong = readEnvironment({ CLAUDE_GATEWAY_LOG_LEVEL: 'DEBUG' })
  assert.equal(wrong.logLevel, 'info')
  assert.deepEqual(wrong.warnings, [
    'CLAUDE_GATEWAY_LOG_LEVEL is none of debug, info, warn, error: info is used.',
  ])
})

test('loopback is opened by exactly 1', () => {
  assert.equal(readEnvironment({ CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' }).allowLoopback, true)
  for (const value of ['true', '01', ' 1']) {
    const environment = readEnvironment({ CLAUDE_GATEWAY_ALLOW_LOOPBACK: value })
    assert.equal(environment.allowLoopback, false)
    assert.deepEqual(environment.warnings, [
      'CLAUDE_GATEWAY_ALLOW_LOOPBACK is ignored: only the value 1 switches it on.',
    ])
  }
  assert.deepEqual(readEnvironment({ CLAUDE_GATEWAY_ALLOW_LOOPBACK: '' }).warnings, [])
})

test('the drain window is 25 seconds, and 8 on Cloud Run', () => {
  assert.equal(readEnvironment({ K_SERVICE: 'gatehouse' }).drainTimeoutMs, 8000)
  assert.equal(readEnvironment({ CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS: '60000' }).drainTimeoutMs, 60_000)
})

test('a drain window of another form is ignored with a warning', () => {
  for (const value of ['0', '-1', '1.5', '10s', ' 5', '1e3']) {
    const environment = readEnvironment({ CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS: value })
    assert.equal(environment.drainTimeoutMs, 25_000)
    assert.match(environment.warnings[0] ?? '', /positive whole number of milliseconds. 25000 is used/)
  }
})

test('a drain window over 8500 on Cloud Run is a warning', () => {
  const environment = readEnvironment({ K_SERVICE: 'g', CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS: '8501' })

  assert.equal(environment.drainTimeoutMs, 8501)
  assert.match(environment.warnings[0] ?? '', /Cloud Run kills the container/)
})

test('PORT is a port or malformed', () => {
  assert.equal(readEnvironment({ PORT: '8081' }).port, 8081)
  for (const value of ['x', '65536', '-1', '80 '])
    assert.equal(readEnvironment({ PORT: value }).port, 'malformed')
})

test('the queue of another runtime is ignored with a warning', () => {
  assert.match(readEnvironment({ BUN_CONFIG_MAX_HTTP_REQUESTS: '9' }).warnings[0] ?? '', /is ignored/)
})

test('no value of a variable is shown in a warning', () => {
  const names = [
    'CLAUDE_GATEWAY_LOG_LEVEL',
    'CLAUDE_GATEWAY_ALLOW_LOOPBACK',
    'CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS',
    'HTTPS_PROXY',
    'PORT',
  ]

  const { warnings, proxyProblems } = readEnvironment(
    Object.fromEntries(names.map(name => [name, 'socks5://user:marked-pw@proxy'])),
  )

  assert.equal(proxyProblems.length, 1)
  assert.equal([...warnings, ...proxyProblems].join().includes('marked'), false)
})

test('the variable that makes Google’s libraries print tokens and secrets is taken away', () => {
  const variables: Record<string, string> = { GOOGLE_SDK_NODE_LOGGING: '*', PORT: '1' }

  quietGoogleLibraries(variables)

  assert.deepEqual(variables, { PORT: '1' })
})
