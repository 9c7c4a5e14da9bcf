// Everything that is wrong with all policies stands in one report, each fault with its line and what to do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemReport } from '../../app/config/problems.ts'
import { assertProblem, fileWith, judge, problemsOf } from '../support/config-text.ts'

const managed = (lines: string) => fileWith({ managed: `managed: { ${lines} } # here` })
const policy = (lines: string) => managed(`policies: [{ ${lines} }]`)
const AT = 'managed.policies[0]'

test('all faults of all policies are in one report, with line and fix', () => {
  const text = `managed:
  policies:
    - match: { groups: [] }
      code: { availablModels: [], mcpServers: {} }
    - code: { verbose: 1, hooks: { Stop: [a] } }
    - match: { email_domain: "a,b" }
      cli: {}
      desktop: { bootstrapUrl: x, otlpEndpoint: x, banner: {} }
`
  const result = judge(text)

  assert.ok(result.kind === 'refused')
  const report = problemReport('gateway.yaml', result.problems)
  const wanted = [
    ['line 3', 'managed.policies[0].match.groups: ', 'match nobody'],
    ['line 4', 'managed.policies[0].code.availablModels: ', 'Did you mean availableModels?'],
    ['line 4', 'managed.policies[0].code.mcpServers: ', 'is not served to clients'],
    ['line 5', 'managed.policies[1].match: ', 'missing'],
    ['line 5', 'managed.policies[1].code.verbose: ', 'the number 1, needs true or false'],
    ['line 5', 'managed.policies[1].code.hooks.Stop: ', 'needs a list of mappings'],
    ['line 6', 'managed.policies[2].match.email_domain: ', '"a,b", needs'],
    ['line 7', 'managed.policies[2].cli: ', 'code is not mixed with cli or settings'],
    ['line 8', 'managed.policies[2].desktop.bootstrapUrl: ', 'lives on the machine'],
    ['line 8', 'managed.policies[2].desktop.otlpEndpoint: ', 'is set by the gateway'],
    ['line 8', 'managed.policies[2].desktop.banner: ', 'needs a mapping with a text'],
  ]
  for (const words of wanted)
    assert.ok(
      report.split('\n').some(line => words.every(word => line.includes(word))),
      `${words}\n${report}`,
    )
  assert.ok(report.includes('Fix: write managedMcpServers'))
  assert.ok(report.includes('managed.policies[0].code, managed.policies[1].code, managed.policies[2].cli'))
})

test('a policy, its matcher and the section know their keys', () => {
  const rows = [
    [policy('match: {}, setings: {}'), `${AT}.setings`, 'Did you mean settings?'],
    [policy('match: {}, serve_to_deskto: true'), `${AT}.serve_to_deskto`, 'Did you mean serve_to_desktop?'],
    [policy('match: { domain: a }'), `${AT}.match.domain`, 'unknown key'],
    [managed('policies: [], policy: {}'), 'managed.policy', 'unknown key'],
  ] as const
  for (const [text, path, words] of rows) assertProblem(text, path, [words])
})

test('blocks and matchers are of their kind', () => {
  const rows = [
    [managed(''), 'managed.policies', 'missing'],
    [managed('policies: {}'), 'managed.policies', 'a list'],
    [managed('policies: [x]'), AT, 'a mapping'],
    [policy('match: all'), `${AT}.match`, 'a mapping'],
    [policy('match: { groups: a }'), `${AT}.match.groups`, 'a list'],
    [policy('match: { groups: [1] }'), `${AT}.match.groups[0]`, 'quote it'],
    [policy('match: {}, code: []'), `${AT}.code`, 'a mapping'],
    [policy('match: {}, desktop: true'), `${AT}.desktop`, 'a mapping'],
    [policy('match: {}, cli: {}, serve_to_desktop: "yes"'), `${AT}.serve_to_desktop`, 'true or false'],
  ] as const
  for (const [text, path, words] of rows) assertProblem(text, path, [words])
})

test('code beside cli in one policy is a mixture too', () => {
  assertProblem(policy('match: {}, code: {}, cli: {}'), `${AT}.cli`, ['use code everywhere'])
})

test('null is refused at any depth of a policy, Desktop included', () => {
  const rows = [
    ['match: { groups: ~ }', 'match.groups'],
    ['match: {}, code: { env: { A: ~ } }', 'code.env.A'],
    ['match: {}, code: { pluginConfigs: { a: [{ b: null }] } }', 'code.pluginConfigs.a[0].b'],
    ['match: {}, desktop: { banner: { text: x, backgroundColor: } }', 'desktop.banner.backgroundColor'],
    ['match: {}, desktop: { disabledBuiltinTools: [a, null] }', 'desktop.disabledBuiltinTools[1]'],
  ] as const
  for (const [lines, path] of rows) assertProblem(policy(lines), `${AT}.${path}`, ['has no value'])
})

test('numbers that JSON does not have are refused, also in parts that are not looked into', () => {
  const rows = [
    ['code: { pluginConfigs: { a: [.nan, 1] } }', 'code.pluginConfigs.a[0]'],
    ['code: { sandbox: { newer: -.inf } }', 'code.sandbox.newer'],
    ['code: { cleanupPeriodDays: .inf }', 'code.cleanupPeriodDays'],
    ['desktop: { relaunchEnforcementHours: .nan }', 'desktop.relaunchEnforcementHours'],
    ['desktop: { newer: { a: .inf } }', 'desktop.newer.a'],
  ] as const
  for (const [lines, path] of rows)
    assertProblem(policy(`match: {}, ${lines}`), `${AT}.${path}`, ['JSON does not have'])
})

test('dates and keys that are numbers become texts, as JSON has neither', () => {
  const text = policy('match: {}, code: { pluginConfigs: { 1: 2026-01-01, true: yes } }')
  const result = judge(text)

  assert.ok(result.kind === 'loaded')
  assert.deepEqual(result.config.managed?.policies[0]?.code, {
    pluginConfigs: { 1: '2026-01-01', true: 'yes' },
  })
})

test('a managed server has a type and a url', () => {
  const server = (lines: string) => policy(`match: {}, code: { managedMcpServers: { s: { ${lines} } } }`)
  const path = `${AT}.code.managedMcpServers.s`

  assertProblem(server('type: http'), path, ['needs a url'])
  assertProblem(server('type: sse, url: 4'), path, ['needs a url'])
  assertProblem(server('url: "https://m.example.com"'), path, ['http or sse'])
  assertProblem(policy('match: {}, code: { managedMcpServers: [] }'), `${AT}.code.managedMcpServers`, [
    'a mapping',
  ])
  assertProblem(policy('match: {}, code: { managedMcpServers: { s: x } }'), path, ['http or sse'])
})

test('the nearest setting is named: two letters away, one for short names, any case', () => {
  const suggested = (key: string) => problemsOf(policy(`match: {}, code: { ${key}: x }`))[0]?.text ?? ''

  for (const [key, near] of [
    ['PERMISSIONS', 'permissions'],
    ['avaliableModles', 'availableModels'],
    ['hoks', 'hooks'],
    ['modell', 'model'],
  ])
    assert.ok(suggested(key ?? '').includes(`Did you mean ${near}?`), suggested(key ?? ''))
  for (const key of ['hxxks', 'permixxxons']) assert.ok(!suggested(key).includes('Did you mean'), key)
})
