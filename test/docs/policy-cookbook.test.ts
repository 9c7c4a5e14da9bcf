// The cookbook: every example boots without a warning, prints what the document shows, and means what it says.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, stringify } from 'yaml'
import { readArguments } from '../../app/config/arguments.ts'
import { type Explanation, explain } from '../../app/explain/explanation.ts'
import { explanationText } from '../../app/explain/explanation-text.ts'
import { builtinNames } from '../../app/inference/model-names.ts'
import { policyWarnings } from '../../app/managed/warnings.ts'
import { judge, SECTIONS } from '../support/config-text.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/policy-cookbook.md'), 'utf8')

const OFFERED = ['claude-opus-4-8', 'claude-sonnet-5', 'claude-haiku-4-5', 'claude-fable-5']

/** What cannot be arranged by the file, and what the examples leave to the reader, is told about every one of them. */
const EXPECTED_WARNINGS = /only where the managed settings on the machine|every address may connect/

interface Situation {
  readonly title: string
  readonly yaml: string
  readonly command: string
  readonly output: string | undefined
}

const situations: Situation[] = text
  .split(/^## /m)
  .slice(1)
  .map(section => {
    const block = (language: string) =>
      new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1] ?? ''
    const title = section.split('\n', 1)[0] ?? ''
    return { title, yaml: block('yaml'), command: block('sh').trim(), output: block('text') }
  })

/** The example as a whole file. */
function fileOf(yaml: string): string {
  const sections = { ...parse(Object.values(SECTIONS).join('\n')), ...parse(yaml) }
  const models = OFFERED.map(id => ({ id }))
  return stringify({
    ...sections,
    listen: { ...parse(SECTIONS['listen'] ?? '').listen, ...sections.listen },
    models,
    auto_include_builtin_models: false,
  })
}

function outcome({ yaml, command }: Situation): { explanation: Explanation; warnings: readonly string[] } {
  const asked = readArguments(command.split(' ').slice(2))
  assert.ok(asked.kind === 'explain')
  const result = judge(fileOf(yaml), { builtins: builtinNames(), judgePolicies: policyWarnings })
  assert.equal(result.kind, 'loaded')
  assert.ok(result.kind === 'loaded')
  const { email = '', groups = [] } = asked
  return {
    explanation: explain(result.config, {
      ...{ person: { sub: email, email, groups }, model: asked.model, secretValues: [] },
    }),
    warnings: result.warnings.map(warning => warning.text).filter(line => !EXPECTED_WARNINGS.test(line)),
  }
}

test('the cookbook has ten situations', () => {
  assert.equal(situations.length, 10)
})

for (const situation of situations) {
  test(`${situation.title}: boots without a warning and prints what is shown`, () => {
    const { explanation, warnings } = outcome(situation)

    assert.deepEqual(warnings, [])
    assert.equal(explanationText(explanation), situation.output)
  })
}

/** Written by hand: whose policy it is, the whole document, and the models. */
const OUTCOMES: readonly (readonly [policy: number | null, settings: object | null, allowed: string[]])[] = [
  [
    0,
    { permissions: { deny: ['WebFetch', 'WebSearch'] }, availableModels: ['haiku'], model: 'haiku' },
    ['claude-haiku-4-5'],
  ],
  [1, { availableModels: ['sonnet', 'haiku'], model: 'sonnet' }, ['claude-sonnet-5', 'claude-haiku-4-5']],
  [
    0,
    { deniedModels: ['fable'], availableModels: ['opus', 'fable', 'haiku'] },
    ['claude-opus-4-8', 'claude-haiku-4-5'],
  ],
  [
    0,
    {
      permissions: { disableBypassPermissionsMode: 'disable', ask: ['Bash(kubectl *)', 'Bash(terraform *)'] },
    },
    OFFERED,
  ],
  [
    0,
    {
      managedMcpServers: {
        wiki: { type: 'http', url: 'https://wiki.example.com/mcp' },
        catalog: { type: 'http', url: 'https://catalog.example.com/mcp' },
      },
    },
    OFFERED,
  ],
  [
    0,
    {
      hooks: {
        PostToolUse: [{ matcher: 'Edit', hooks: [{ type: 'command', command: '/opt/company/report' }] }],
        Stop: [{ hooks: [{ type: 'command', command: '/opt/payments/lint' }] }],
      },
    },
    OFFERED,
  ],
  [
    0,
    {
      env: {
        CLAUDE_CODE_ENABLE_TELEMETRY: '1',
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'https://claude.example.com',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=claude,team=mobile',
      },
    },
    OFFERED,
  ],
  [1, {}, OFFERED],
  [0, { sandbox: { enabled: true, autoAllowBashIfSandboxed: false } }, OFFERED],
  [null, null, []],
]

for (const [index, [policy, settings, allowed]] of OUTCOMES.entries()) {
  test(`situation ${index + 1} comes out as its author meant`, () => {
    const situation = situations[index]
    assert.ok(situation)

    const { explanation } = outcome(situation)

    assert.equal(explanation.policy, policy)
    assert.deepEqual(explanation.settings, settings)
    assert.deepEqual(
      explanation.models.flatMap(({ id, refusal }) => (refusal === null ? [id] : [])),
      allowed,
    )
  })
}

test('who else is in the stories is treated as told', () => {
  const ask = (index: number, email: string, groups: string[]) => {
    const result = judge(fileOf(situations[index]?.yaml ?? ''), { builtins: builtinNames() })
    assert.ok(result.kind === 'loaded')
    return explain(result.config, {
      ...{ person: { sub: email, email, groups }, model: 'claude-opus-4-8', secretValues: [] },
    })
  }

  assert.equal(ask(1, 'p@example.com', ['opus-pilot']).asked[0]?.refusal, null)
  assert.equal(ask(7, 'l@example.com', ['legal']).desktop, 'served')
  assert.equal(ask(9, 'k@EU.example.com', []).policy, 0)
  assert.equal(ask(9, 'k@example.com', ['interns']).policy, 1)
})
