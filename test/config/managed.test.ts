import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem, fileWith, judge, problemsOf } from '../support/config-text.ts'

/** A file with one policy; `policy` is the inside of its flow mapping. */
const fileOf = (policy: string, more: Record<string, string> = {}) =>
  fileWith({ managed: `managed:\n  policies:\n    - { ${policy} } # here`, ...more })

const settings = (lines: string) => fileOf(`match: {}, code: { ${lines} }`)
const desktop = (lines: string) => fileOf(`match: {}, desktop: { ${lines} }`)

test('a policy without settings is accepted', () => {
  assert.deepEqual(problemsOf(fileOf('match: {}')), [])
})

test('a policy says whom it is for', () => {
  assertProblem(fileOf('code: {}'), 'managed.policies[0].match', ['missing', 'match: {}'])
})

test('empty groups would match nobody', () => {
  assertProblem(fileOf('match: { groups: [] }'), 'managed.policies[0].match.groups', [
    'match nobody',
    'match: {}',
  ])
  assertProblem(fileOf('match: { groups: [a, " "] }'), 'managed.policies[0].match.groups[1]', [
    'match nobody',
  ])
})

test('a domain is one domain', () => {
  assert.deepEqual(problemsOf(fileOf('match: { email_domain: " @example.com " }')), [])
  for (const domain of ['', '@', 'a@b', 'a,b', 'a b']) {
    const [problem] = problemsOf(fileOf(`match: { email_domain: "${domain}" }`))
    assert.equal(problem?.path, 'managed.policies[0].match.email_domain')
  }
})

test('another matcher is refused', () => {
  assertProblem(fileOf('match: { group: [a] }'), 'managed.policies[0].match.group', ['Did you mean groups?'])
})

test('code does not stand in one file with cli or settings', () => {
  const text = fileWith({
    managed:
      'managed:\n  policies:\n    - { match: { groups: [a] }, code: {} }\n    - { match: {}, cli: {} } # here',
  })

  assertProblem(text, 'managed.policies[1].cli', [
    'managed.policies[0].code, managed.policies[1].cli',
    'use code everywhere',
  ])
})

test('cli and settings in one policy start, with a warning', () => {
  assert.deepEqual(problemsOf(fileOf('match: {}, cli: {}, settings: {}')), [])
})

test('unknown settings are reported one a line, with the way out', () => {
  const problems = problemsOf(settings('availablModels: [], Verbose: true, modle: x, zzz: 1'))

  assert.deepEqual(
    problems.map(({ path, text }) => `${path}: ${text}`),
    [
      'managed.policies[0].code.availablModels: unknown setting of Claude Code. Did you mean availableModels?',
      'managed.policies[0].code.Verbose: unknown setting of Claude Code. Did you mean verbose?',
      'managed.policies[0].code.modle: unknown setting of Claude Code. Did you mean model?',
      'managed.policies[0].code.zzz: unknown setting of Claude Code.',
    ],
  )
  assert.ok(problems.every(problem => problem.fix?.includes('gatehouse.allow_unknown_settings')))
})

test('allow_unknown_settings lets all unknown settings through, or those it names', () => {
  const with_ = (value: string) =>
    problemsOf(
      fileOf('match: {}, code: { newer: 1, typo: 2 }', {
        gatehouse: `gatehouse: { allow_unknown_settings: ${value} }`,
      }),
    )

  assert.deepEqual(with_('true'), [])
  assert.deepEqual(
    with_('[newer]').map(problem => problem.path),
    ['managed.policies[0].code.typo'],
  )
})

test('a known setting of the wrong shape is refused, also when unknown ones are allowed', () => {
  const rows = [
    ['verbose: "yes"', 'verbose', 'true or false'],
    ['model: 4', 'model', 'a text'],
    ['cleanupPeriodDays: "30"', 'cleanupPeriodDays', 'a number'],
    ['availableModels: claude', 'availableModels', 'a list of texts'],
    ['deniedMcpServers: [a]', 'deniedMcpServers', 'a list of mappings'],
    ['modelOverrides: { a: 1 }', 'modelOverrides', 'a mapping from names to texts'],
    ['permissions: []', 'permissions', 'a mapping'],
    ['availableModelsMatch: fuzzy', 'availableModelsMatch', '"prefix" or "exact"'],
    ['forceLoginOrgUUID: 1', 'forceLoginOrgUUID', 'a text or a list of texts'],
    ['strictPluginOnlyCustomization: false', 'strictPluginOnlyCustomization', 'true or a list'],
    ['attribution: true', 'attribution', 'a mapping or false'],
    ['permissions: { deny: Bash }', 'permissions.deny', 'a list of texts'],
    [
      'permissions: { disableBypassPermissionsMode: true }',
      'permissions.disableBypassPermissionsMode',
      '"disable"',
    ],
    ['hooks: { Stop: {} }', 'hooks.Stop', 'a list of mappings'],
    ['sandbox: { network: { allowedDomains: x } }', 'sandbox.network.allowedDomains', 'a list of texts'],
    ['modelPricing: { rate: 1 }', 'modelPricing.rate', 'multiplier and overrides'],
  ]
  for (const [lines = '', key = '', words = ''] of rows)
    assertProblem(settings(lines), `managed.policies[0].code.${key}`, [words])
})

test('open parts of the settings are not looked into', () => {
  const open =
    'env: { ANY: x }, pluginConfigs: { a: { b: 1 } }, permissions: { newer: 1 }, attribution: false, feedbackDrafts: 3'

  assert.deepEqual(problemsOf(settings(open)), [])
})

test('mcpServers is refused: managedMcpServers is served', () => {
  assertProblem(settings('mcpServers: {}'), 'managed.policies[0].code.mcpServers', [
    'managedMcpServers (http and sse only)',
  ])
})

test('a server that would run a command on the machine is refused', () => {
  for (const server of ['{ type: stdio }', '{ type: http, url: u, command: c }', '{ command: c }']) {
    assertProblem(
      settings(`managedMcpServers: { s: ${server} }`),
      'managed.policies[0].code.managedMcpServers.s',
      ['http or sse'],
    )
  }
  assert.deepEqual(
    problemsOf(settings('managedMcpServers: { s: { type: sse, url: "https://m.example.com" } }')),
    [],
  )
})

test('an envHelper on a device path is refused', () => {
  for (const helper of ["'\\\\??\\C:\\x'", '/??/C:/x']) {
    const text = settings(`managedMcpServers: { s: { type: http, url: u, envHelper: ${helper} } }`)
    assertProblem(text, 'managed.policies[0].code.managedMcpServers.s.envHelper', ['device path'])
  }
})

test('null anywhere in a policy is refused: it unsets nothing', () => {
  assertProblem(settings('model: null'), 'managed.policies[0].code.model', ['has no value'])
  assertProblem(settings('hooks: { Stop: [null] }'), 'managed.policies[0].code.hooks.Stop[0]', [
    'has no value',
  ])
  assertProblem(desktop('chatTabEnabled: null'), 'managed.policies[0].desktop.chatTabEnabled', [
    'has no value',
  ])
  assertProblem(settings('env: { A: null }'), 'managed.policies[0].code.env.A', ['has no value'])
})

test('numbers and booleans of env become their source text', () => {
  assert.deepEqual(problemsOf(settings('env: { A: 1, B: 1.50, C: true }')), [])
  assertProblem(settings('env: { A: [1] }'), 'managed.policies[0].code.env', [
    'a mapping from names to texts',
  ])
})

test('desktop keys that only the machine can carry are refused', () => {
  for (const key of ['bootstrapUrl', 'bootstrapOidc', 'bootstrapEnabled']) {
    assertProblem(desktop(`${key}: x`), `managed.policies[0].desktop.${key}`, ['on the machine', 'MDM'])
  }
})

test('desktop keys that the gateway computes are refused', () => {
  for (const key of [
    'inferenceProvider',
    'inferenceModels',
    'expiresAt',
    'otlpEndpoint',
    'inferenceAnything',
  ]) {
    assertProblem(desktop(`${key}: x`), `managed.policies[0].desktop.${key}`, [
      'set by the gateway',
      'upstreams, models or telemetry',
    ])
  }
})

test('desktop keys keep their shapes', () => {
  const rows = [
    ['chatTabEnabled: "yes"', 'chatTabEnabled', 'true or false'],
    ['disableAutoUpdates: 1', 'disableAutoUpdates', 'true or false'],
    ['disabledBuiltinTools: []', 'disabledBuiltinTools', 'a list of texts'],
    ['banner: { enabled: true }', 'banner', 'a mapping with a text'],
    ['managedMcpServers: {}', 'managedMcpServers', 'a list'],
    ['relaunchEnforcementHours: -1', 'relaunchEnforcementHours', 'at least 0'],
    ['sshClientPath: ""', 'sshClientPath', 'not empty'],
  ]
  for (const [lines = '', key = '', words = ''] of rows)
    assertProblem(desktop(lines), `managed.policies[0].desktop.${key}`, [words])
})

test('an unknown desktop key is served as written', () => {
  assert.deepEqual(problemsOf(desktop('chatTabEnabld: true, constructor: x')), [])
})

test('$${NAME} reaches the client as ${NAME}', () => {
  const result = judge(settings("apiKeyHelper: '$${HOME}/key.sh'"))

  assert.deepEqual(result.references, { env: 4, file: 0, secret: 0 })
})
