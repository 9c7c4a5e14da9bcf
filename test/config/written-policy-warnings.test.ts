// What is said about policies as they are written, whatever models there are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileWith, judge, warningsOf } from '../support/config-text.ts'

/** The warnings about policies, each the inside of a flow mapping. */
function warned(policies: readonly string[], more: Record<string, string> = {}, variables = {}): string[] {
  const lines = policies.map(policy => `    - { ${policy} }`).join('\n')
  const text = fileWith({ managed: `managed:\n  policies:\n${lines}`, ...more })
  return warningsOf(text, { variables }).filter(line => line.startsWith('managed'))
}

/** Exactly one of `lines` is about `path`, and it says `words`. */
function assertTold(lines: readonly string[], path: string, words: string): void {
  const told = lines.filter(line => line.startsWith(`${path}: `))
  assert.equal(told.length, 1, lines.join('\n'))
  assert.ok(told[0]?.includes(words), told[0] ?? '')
}

const PLACE = 'managed.policies[0]'
const CHAT = 'desktop: { chatTabEnabled: true }'

test('keys that belong on the machine are named, one a line', () => {
  const rows = [
    ['forceLoginGatewayUrl: x', 'ignored by Claude Code'],
    ['policyHelper: {}', 'ignored by Claude Code'],
    ['wslInheritsWindowsSettings: true', 'ignored by Claude Code'],
    ['forceLoginMethod: x', 'lock people out'],
    ['forceLoginOrgUUID: x', 'lock people out'],
    ['gatewayInternalNetworks: []', 'on the machine'],
    ['allowedProviders: []', 'on the machine'],
  ]
  const lines = warned([`match: {}, cli: { ${rows.map(([setting]) => setting).join(', ')} }`])

  assert.equal(lines.length, rows.length)
  for (const [setting = '', words = ''] of rows)
    assertTold(lines, `${PLACE}.cli.${setting.split(':')[0]}`, words)
})

test('the Code tab of Desktop needs what no file can arrange, which is said once', () => {
  const words = 'only where the managed settings on the machine name this gateway'
  const two = warned([`match: { groups: [a] }, code: {}, ${CHAT}`, `match: {}, code: {}, ${CHAT}`])

  assert.equal(two.length, 1)
  assertTold(two, `${PLACE}.code`, words)
  assertTold(warned(['match: { groups: [a] }, code: {}', `match: {}, ${CHAT}`]), `${PLACE}.code`, words)
  assertTold(
    warned([`match: { groups: [a] }, ${CHAT}`, 'match: {}, code: {}']),
    'managed.policies[1].code',
    words,
  )
  assert.deepEqual(warned(['match: { groups: [a] }, code: {}', `match: { groups: [b] }, ${CHAT}`]), [])
})

test('cli beside desktop does not reach the Code tab, unless the file says what it wants', () => {
  for (const block of ['cli', 'settings']) {
    const policy = `match: {}, ${block}: {}, ${CHAT}`

    assertTold(warned([policy]), `${PLACE}.${block}`, 'does not reach the Code tab')
    for (const wish of ['true', 'false'])
      assert.deepEqual(warned([`${policy}, serve_to_desktop: ${wish}`]), [])
  }
})

test('serve_to_desktop speaks of cli and settings only', () => {
  const path = `${PLACE}.serve_to_desktop`

  assertTold(warned(['match: {}, code: {}, serve_to_desktop: true']), path, 'no effect beside code')
  assertTold(warned(['match: {}, serve_to_desktop: true']), path, 'no effect without cli or settings')
})

test('cli beside settings counts alone, and nothing is said about what does not count', () => {
  const lines = warned(['match: {}, cli: {}, settings: { forceLoginMethod: x }'])

  assert.equal(lines.length, 1)
  assertTold(lines, `${PLACE}.settings`, 'is ignored beside cli')
})

test('a desktop block that leaves the Chat tab off is named; what the base says holds for its heirs', () => {
  const words = 'the Chat tab stays off'

  assertTold(warned(['match: {}, desktop: {}']), `${PLACE}.desktop`, words)
  assert.deepEqual(warned(['match: { groups: [a] }, desktop: {}', `match: {}, ${CHAT}`]), [])
  assertTold(
    warned([`match: { groups: [a] }, ${CHAT}`, 'match: {}, desktop: {}']),
    'managed.policies[1].desktop',
    words,
  )
})

test('a banner shows only when it is enabled', () => {
  const banner = (lines: string) =>
    warned([`match: {}, desktop: { chatTabEnabled: true, banner: { ${lines} } }`])

  assertTold(banner('text: hello'), `${PLACE}.desktop.banner`, 'shows nowhere')
  assertTold(banner('text: hello, enabled: false'), `${PLACE}.desktop.banner`, 'shows nowhere')
  assert.deepEqual(banner('text: hello, enabled: true'), [])
})

test('an unknown desktop key is served, with a warning and the nearest name', () => {
  const lines = warned(['match: {}, desktop: { chatTabEnabled: true, sshClientPat: /bin/ssh, zzzzzz: 1 }'])

  assert.equal(lines.length, 2)
  assertTold(lines, `${PLACE}.desktop.sshClientPat`, 'served as written. Did you mean sshClientPath?')
  assertTold(lines, `${PLACE}.desktop.zzzzzz`, 'served as written.')
})

test('allow_unknown_settings: true names each unknown setting; a list of names says what it lets through', () => {
  const policies = ['match: { groups: [a] }, code: { newer: 1 }', 'match: {}, code: { modle: x, newer: 2 }']
  const allowed = (value: string) =>
    warned(policies, { gatehouse: `gatehouse: { allow_unknown_settings: ${value} }` })

  const lines = allowed('true')
  assert.equal(lines.length, 3)
  assertTold(lines, `${PLACE}.code.newer`, 'served as written.')
  assertTold(lines, 'managed.policies[1].code.modle', 'served as written. Did you mean model?')
  assertTold(lines, 'managed.policies[1].code.newer', 'served as written.')
  assert.deepEqual(allowed('[newer, modle]'), [])
})

test('numbers and switches of env are served as the text that stands in the file, each with a warning', () => {
  const env = 'env: { A: 1, B: 1.50, C: true, D: 0x1F, E: 1e3, F: "2" }'
  const lines = warned([`match: {}, cli: { ${env} }`])

  assert.equal(lines.length, 5)
  assertTold(lines, `${PLACE}.cli.env.B`, 'is served as the text "1.50". Quote it.')
  const result = judge(fileWith({ managed: `managed: { policies: [{ match: {}, cli: { ${env} } }] }` }))
  assert.ok(result.kind === 'loaded')
  assert.deepEqual(result.config.managed?.policies[0]?.cli, {
    env: { A: '1', B: '1.50', C: 'true', D: '0x1F', E: '1e3', F: '2' },
  })
})

test('a secret in a policy is delivered to every machine', () => {
  const server = '{ type: http, url: "https://m.example.com", headers: { x: "Bearer ${MCP_TOKEN}" } }'
  const policy =
    `match: {}, code: { env: { A: "\${MCP_TOKEN}", B: "\${REGION}", C: "\${DB_PASSWORD}" }, model: "\${API_KEY}", ` +
    `managedMcpServers: { s: ${server} } }, desktop: { chatTabEnabled: true, managedMcpServers: [${server}] }`
  const variables = { MCP_TOKEN: 'marked-token', REGION: 'marked-eu', DB_PASSWORD: 'marked-word' }

  const told = warned([policy], {}, variables).filter(line => line.includes('delivered in clear text'))
  assert.deepEqual(
    told.map(line => line.split(': ')[0]),
    [
      `${PLACE}.code.env.A (from \${MCP_TOKEN})`,
      `${PLACE}.code.env.C (from \${DB_PASSWORD})`,
      `${PLACE}.code.managedMcpServers.s.headers.x (from \${MCP_TOKEN})`,
      `${PLACE}.desktop.managedMcpServers[0].headers.x (from \${MCP_TOKEN})`,
    ],
  )
})

test('a policy that sends telemetry past the gateway is named, one that sends it here is not', () => {
  const more = {
    listen: 'listen: { host: 127.0.0.1, public_url: "https://claude.example.com" }',
    telemetry: 'telemetry: { forward_to: [{ url: "https://otel.example.com" }] }',
  }
  const sent = (name: string, url: string) =>
    warned([`match: {}, code: { env: { ${name}: "${url}" } }`], more)

  for (const signal of ['', 'METRICS_', 'LOGS_', 'TRACES_']) {
    const name = `OTEL_EXPORTER_OTLP_${signal}ENDPOINT`
    assertTold(
      sent(name, 'https://o.example.com'),
      `${PLACE}.code.env.${name}`,
      'the relay sees nothing of it',
    )
    assert.deepEqual(sent(name, 'https://claude.example.com/'), [])
  }
  const elsewhere = 'env: { OTEL_EXPORTER_OTLP_ENDPOINT: "https://o.example.com" }'
  assert.deepEqual(warned([`match: {}, code: { ${elsewhere} }`]), [])
})

test('no policy at all is a warning', () => {
  const lines = warningsOf(fileWith({ managed: 'managed: { policies: [] }' }))

  assert.equal(lines.length, 1)
  assertTold(lines, 'managed.policies', 'nobody gets any settings')
})
