// docs/google-cloud.md: whatever it names is there. Its commands have a test of their own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { SECTIONS } from '../../app/config/config.ts'
import { CHECK_IDS } from '../../app/config/doctor-arguments.ts'
import { CONSTRAINTS } from '../../infra/doctor-settings/constraints.ts'
import { SETTINGS_CHECKS } from '../../infra/doctor-settings/examine-settings.ts'
import { parseSettings } from '../../infra/settings.ts'
import { KEYS } from '../../infra/settings-schema.ts'
import manifest from '../../package.json' with { type: 'json' }
import { REQUIRED } from '../support/infra-environment.ts'
import { codeBlocks, pageAt, prose } from '../support/manual.ts'
import { schemaKeys } from '../support/schema-keys.ts'
import { shipped } from '../support/shipped-environments.ts'

const page = { path: 'docs/google-cloud.md', text: pageAt('docs/google-cloud.md') }
const words = [...prose(page).matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word)
const blocks = codeBlocks(page)
const production = shipped('prod')

/** The rows of the table below a head row, each as its cells. */
function rowsBelow(head: string): string[][] {
  const table = page.text.split(`${head}\n`)[1]?.split('\n\n', 1)[0] ?? ''
  return table
    .split('\n')
    .slice(1)
    .map(row => row.split('|').map(cell => cell.trim()))
    .map(cells => cells.slice(1, -1))
}

/** The words in code style of a cell. */
function coded(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
}

test('every key that the page names is one of a settings file, or of gateway.yaml', () => {
  const keys = [KEYS, SECTIONS].flatMap(schemas =>
    Object.entries(schemas).flatMap(([name, schema]) => schemaKeys(schema, name)),
  )
  const policies = CONSTRAINTS.map(({ id }) => id)
  const named = words
    .map(word => word.replace(/: .*$/, ''))
    .filter(word => /^[a-z]+[A-Za-z]*(\.[A-Za-z]+)+$/.test(word) && !policies.includes(word))
    .filter(word => !/\.(com|yaml|json|ts|md)$/.test(word))

  const unknown = named.filter(
    word => !keys.some(key => key === word || key.startsWith(`${word}.`) || key.startsWith(`${word}[`)),
  )

  assert.ok(named.length > 30)
  assert.deepEqual(unknown, [])
})

test('every block of settings is accepted, beside the keys that every environment gives', () => {
  const settings = blocks.filter(({ language }) => language === 'yaml')
  const results = settings.map(({ at, text }) => {
    const { env } = parseSettings(JSON.stringify({ ...REQUIRED, ...parse(text) }), { env: 'page' })
    return { at, env }
  })

  assert.equal(results.length, 6)
})

test('the first block of settings is a whole file: it needs nothing but an image', () => {
  const [whole] = blocks.filter(({ language }) => language === 'yaml')

  const { phase } = parseSettings(whole?.text ?? '', {
    env: 'page',
    variables: { GATEHOUSE_PHASE: 'foundation' },
  })

  assert.equal(phase, 'foundation')
})

test('the table of outputs has every output of the stack, and no other', () => {
  const named = rowsBelow('| Output | Who | Does what |').flatMap(([output]) => coded(output))

  assert.deepEqual(named.toSorted(), Object.keys(JSON.parse(production.text).output).sort())
})

test('every resource that the page calls by its name is made, by the stack or before it', () => {
  const made = [...production.text.matchAll(/"(?:name|account_id|secret_id|repository_id)":\s*"([^"$]+)"/g)]
  const names = [...made.map(([, name]) => name), 'gatehouse-deploy']
  const named = [...page.text.matchAll(/(?<![\w/-])gatehouse-[a-z][a-z-]*(?![\w-])/g)].map(([name]) => name)

  assert.ok(named.includes('gatehouse-doctor'))
  assert.deepEqual(
    named.filter(name => !names.includes(name)),
    [],
  )
  assert.match(pageAt('infra/bootstrap.sh'), /\$name-deploy/)
})

test('every check that the page sends somebody to is one of the doctor', () => {
  const sent = [...page.text.matchAll(/checks? `([a-z-]+)`/g)].map(([, id = '']) => id)
  const checks: readonly string[] = CHECK_IDS

  assert.ok(sent.length > 5)
  assert.deepEqual(
    sent.filter(id => !checks.includes(id)),
    [],
  )
})

test('the table of what is looked at before an apply has every check, in the order of the report', () => {
  const named = rowsBelow('| Check | Looks at |').flatMap(([check]) => coded(check))

  assert.deepEqual(named, ['credentials', ...SETTINGS_CHECKS.map(({ id }) => id)])
})

test('the table of organisation policies has every one that is looked at', () => {
  const named = rowsBelow('| Organisation policy | Stops | Avoided by |').flatMap(([policy]) => coded(policy))

  assert.deepEqual(named.toSorted(), CONSTRAINTS.map(({ id }) => id).toSorted())
})

test('every npm script that the page names is there, with the version that the page names', () => {
  const named = [...page.text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
  const scripts: Readonly<Record<string, string>> = manifest.scripts

  assert.deepEqual(
    named.filter(name => scripts[name] === undefined),
    [],
  )
  for (const [, tool = '', version = ''] of page.text.matchAll(/`(cdk\w+-cli)` (\d+\.\d+\.\d+)/g))
    assert.ok(
      Object.values(scripts).some(script => script.includes(`${tool}@${version} `)),
      tool,
    )
})

test('the settings of machines are those of the output', () => {
  const [shown] = blocks.filter(({ language }) => language === 'json')
  const printed = JSON.parse(production.text).output.client_settings.value.split('\n')[0]

  assert.deepEqual(JSON.parse(shown?.text ?? ''), JSON.parse(printed))
})

test('every price is marked as one that was not looked up', () => {
  const rows = rowsBelow('| Item | About | |')

  assert.ok(rows.length > 8)
  assert.deepEqual(
    rows.filter(([, , mark]) => mark !== '*(check live)*'),
    [],
  )
})

test('Node of the image is the one that the repository is tested with', () => {
  assert.match(page.text, new RegExp(`docker pull \\S+ node:${manifest.dependencies.node}-bookworm-slim\n`))
})
