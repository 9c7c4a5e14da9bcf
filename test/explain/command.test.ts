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
