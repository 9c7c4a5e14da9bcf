// The examples of the documents: what can be parsed parses, what configures is accepted, what is harmless runs.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { SECTIONS } from '../../app/config/config.ts'
import manifest from '../../package.json' with { type: 'json' }
import { fileWith, judge } from '../support/config-text.ts'
import { type CodeBlock, codeBlocks, PAGES } from '../support/manual.ts'

const root = join(import.meta.dirname, '../..')
const blocks = PAGES.flatMap(codeBlocks)
const inLanguage = (...names: string[]) => blocks.filter(({ language }) => names.includes(language))

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  json: JSON.parse,
  yaml: parse,
  ts: text => stripTypeScriptTypes(text),
}

test('every block says its language, and parses if there is a parser for it', () => {
  const unfit: string[] = []
  for (const { at, language, text } of blocks) {
    if (language === '') unfit.push(`${at}: no language`)
    try {
      parsers[language]?.(text)
    } catch (error) {
      unfit.push(`${at}: ${String(error)}`)
    }
  }

  assert.deepEqual(unfit, [])
})

/** What is wrong with the sections of a block, in an otherwise valid file. */
function problemsIn({ at, text }: CodeBlock): string[] {
  const sections = Object.fromEntries(
    text.split(/^(?=[a-z_]+:)/m).map(lines => [lines.split(':', 1)[0] ?? '', lines]),
  )
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name)
  const variables = Object.fromEntries(
    names.map((name, index) => [name, `example-${index}-${'x'.repeat(32)}`]),
  )
  const result = judge(fileWith(sections), { variables })
  return result.kind === 'refused'
    ? result.problems.map(({ path, text: said }) => `${at}: ${path} ${said}`)
    : []
}

test('a block of whole sections is a part of a file that the gateway accepts', () => {
  // The blocks for identity providers refer to files of certificates; their own test judges them.
  const configuring = inLanguage('yaml').filter(({ at, text }) => {
    const tops = Object.keys(parse(text) ?? {})
    return !at.startsWith('docs/identity-providers.md') && tops.every(name => Object.hasOwn(SECTIONS, name))
  })

  assert.deepEqual(configuring.flatMap(problemsIn), [])
})

/** The commands of a shell block, comments and line continuations aside. */
function commandsOf({ text }: CodeBlock): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split(/\n|&&/)
    .map(line => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(line => line !== '')
}

const commands = inLanguage('sh', 'bash').flatMap(commandsOf)

test('every npm script and every program of the repository that a shell block calls is there', () => {
  const scripts = [...Object.keys(manifest.scripts), 'ci']
  const missing = commands.filter(command => {
    const script = /^npm (?:run )?([\w:]+)/.exec(command)?.[1]
    const file = /^node ([\w./-]+)/.exec(command)?.[1]
    return (script && !scripts.includes(script)) || (file && !existsSync(join(root, file)))
  })

  assert.deepEqual(missing, [])
})

test('the commands that only look at the example configuration succeed', () => {
  const harmless = commands.filter(command =>
    /^node app\/main\.ts .*gateway\.example\.yaml.*--check/.test(command),
  )

  const results = harmless.map(command => {
    const { status, stdout } = spawnSync(process.execPath, command.split(/\s+/).slice(1), {
      cwd: root,
      env: {},
      encoding: 'utf8',
    })
    return { command, status, stdout }
  })

  assert.ok(results.length > 0)
  assert.deepEqual(
    results,
    harmless.map(command => ({ command, status: 0, stdout: 'gateway.example.yaml: valid\n' })),
  )
})
