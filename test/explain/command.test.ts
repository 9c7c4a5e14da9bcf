// `explain` as an operator runs it: without a socket, and without a secret on the screen.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readArguments } from '../../app/config/arguments.ts'
import { fileWith, SECRETS } from '../support/config-text.ts'
import { run } from '../support/denied-process.ts'

function fileIn(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-explain-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, text)
  return path
}

const POLICIES = `managed:
  policies:
    - match: { groups: [pilot] }
      code: { availableModels: [opus, haiku], env: { MCP_TOKEN: "\${TOKEN}", SHOWN: here } }
    - match: {}
      code: { availableModels: [sonnet, haiku], model: sonnet }`

const variables = { ...SECRETS, TOKEN: 'marked-token' }

test('why does she not get Opus: the answer names the policy and the key', async t => {
  const path = fileIn(t, fileWith({ managed: POLICIES }))

  const said = ['--config', path, '--email', 'ada@example.com', '--groups', 'staff']

  const { code, stdout, stderr } = await run(['explain', ...said, '--model=claude-opus-4-8'], variables)

  assert.equal(code, 0)
  assert.match(
    stdout,
    /^ada@example\.com\ngroups: staff\n\nclaude-opus-4-8: refused by availableModels of policy 1: it has only sonnet, haiku\n {2}policy 0 for groups pilot allows it: not in its groups\n\n/,
  )
  assert.match(stdout, / {2}0 for groups pilot +not in its groups\n {2}1 for everybody +selected\n/)
  assert.match(stderr, /^warning: /)
})

test('what looks like a secret is not shown, as text or as JSON', async t => {
  const path = fileIn(t, fileWith({ managed: POLICIES }))
  const said = ['explain', '--config', path, '--email', 'a@example.com', '--groups', 'pilot']

  const asText = await run(said, variables)
  const asJson = await run([...said, '--json'], variables)

  const { policy, base, settings, desktop } = JSON.parse(asJson.stdout)
  assert.deepEqual(
    { policy, base, settings, desktop },
    {
      ...{ policy: 0, base: 1, desktop: 'no policy opts in' },
      settings: {
        availableModels: ['opus', 'haiku'],
        model: 'sonnet',
        env: { MCP_TOKEN: '(not shown)', SHOWN: 'here' },
      },
    },
  )
  assert.match(asText.stdout, /"MCP_TOKEN": "\(not shown\)"/)
  for (const { stdout, stderr } of [asText, asJson]) assert.ok(!`${stdout}${stderr}`.includes('marked-token'))
})

test('a file that is refused is reported as a start would', async t => {
  const path = fileIn(t, fileWith({ managed: 'managed: { policies: [{}] }' }))

  const { code, stdout, stderr } = await run(['explain', '--config', path, '--email', 'a@example.com'])

  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /managed\.policies\[0\]\.match: missing/)
})

test('what is wrong with a call is said', () => {
  const rows = [
    [[], 'explain needs --config FILE'],
    [['--config', 'g'], 'explain needs --email ADDRESS or --sub SUBJECT'],
    [['--config'], '--config needs file'],
    [['--config', 'g', '--config', 'h'], '--config is given twice'],
    [['--who', 's'], 'explain does not know --who'],
  ] as const
  for (const [argv, problem] of rows)
    assert.deepEqual(readArguments(['explain', ...argv]), { kind: 'wrong', problem })
})

test('groups are a list of names', () => {
  assert.deepEqual(readArguments(['explain', '--config=g', '--email=a@b', '--groups=x, y,']), {
    ...{
      kind: 'explain',
      config: 'g',
      sub: undefined,
      email: 'a@b',
      groups: ['x', 'y'],
      model: undefined,
      prices: false,
      json: false,
    },
  })
})

test('each upstream is named with the id under which it is asked', async t => {
  const vertex = '{ provider: vertex, region: global, project_id: marked-project, auth: {} }'
  const upstreams = `upstreams: [${vertex}, { provider: anthropic, auth: { api_key: "\${API_KEY}" } }]`
  const path = fileIn(t, fileWith({ upstreams }))
  const said = ['explain', '--config', path, '--email', 'ada@example.com', '--groups', 'staff']

  const { stdout } = await run([...said, '--model', 'claude-haiku-4-5'], SECRETS)

  assert.match(
    stdout,
    /^claude-haiku-4-5-20251001: vertex as claude-haiku-4-5@20251001, then anthropic as claude-haiku-4-5-20251001$/m,
  )
  assert.doesNotMatch(stdout, /marked-/)
})

test('each price is named with where it comes from, after the multiplier', async t => {
  const rates = 'input: 4, output: 20, cache_read: 0.4, cache_write: 5'
  const pricing = `pricing:
  multiplier: 0.85
  overrides: [{ upstream: anthropic, model: claude-opus-4-8, ${rates} }]`
  const models = 'models: [{ id: corp, upstream_model: { anthropic: corp-7 } }]'
  const path = fileIn(t, fileWith({ managed: POLICIES, pricing, models }))
  const said = ['explain', '--config', path, '--email', 'ada@example.com', '--groups', 'staff']

  const asText = await run([...said, '--prices'], variables)
  const asJson = await run([...said, '--json'], variables)

  const lines = asText.stdout.split('\n').filter(line => / on anthropic /.test(line))
  const lineOf = (model: string) =>
    lines.find(line => line.startsWith(`  ${model} on `))?.replace(/^.*? {2,}(?=\d)/, '')
  assert.equal(
    lineOf('claude-opus-4-8'),
    '3.4 in, 17 out, cache 0.34 read, 4.25 written for 5 min, 4.25 for 1 h (pricing.overrides[0], times 0.85)',
  )
  assert.equal(
    lineOf('claude-haiku-5-5'),
    '0.085 in, 0.425 out, cache 0.0085 read, 0.10625 written for 5 min, 0.17 for 1 h (list of 2026-10-25, times 0.85); other rates above 100000 prompt tokens; times 1.1 in the US only',
  )
  assert.equal(
    lineOf('corp'),
    '4.25 in, 21.25 out, cache 0.425 read, 5.3125 written for 5 min, 8.5 for 1 h (nobody knows this model, times 0.85)',
  )
  const row = JSON.parse(asJson.stdout).prices.find(
    ({ model }: { model: string }) => model === 'claude-opus-5',
  )
  assert.deepEqual(row, {
    ...{ model: 'claude-opus-5', upstream: 'anthropic', multiplier: '0.85', tiers: [], usGeo: '1.1' },
    source: { kind: 'list', model: 'claude-opus-5', asOf: '2026-08-21' },
    ...{ input: '4.25', output: '21.25', cacheRead: '0.425', cacheWrite5m: '5.3125', cacheWrite1h: '8.5' },
    fast: { input: '8.5', output: '42.5', cacheRead: '0.85', cacheWrite5m: '10.625', cacheWrite1h: '17' },
  })
})
