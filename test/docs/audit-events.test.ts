import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const code = read('app/audit/events.ts')
const manual = read('docs/audit.md')

/** The text of each alternative of the union, by the event's name. */
function eventsInCode(): Map<string, string> {
  const union = code.slice(code.indexOf('export type AuditEvent'), code.indexOf('/** Tokens by kind'))
  const parts = union.split(/(?=evt: ')/).slice(1)
  return new Map(parts.map(part => [/^evt: '([^']+)'/.exec(part)?.[1] ?? '', part]))
}

function rowsInManual(): Map<string, string> {
  const rows = manual.matchAll(/^\| `([a-z_]+(?:\.[a-z_]+)*)` \| (.*) \| (.*) \|$/gm)
  const cells = [...rows].filter(([, name]) => name !== 'evt')
  return new Map(cells.map(([, name = '', fields = '', when = '']) => [name, `${fields} | ${when}`]))
}

function fieldsOf(text: string): string[] {
  const interfaces = ['SessionFacts', 'SessionFailure']
    .filter(name => text.includes(name))
    .map(name => code.slice(code.indexOf(`interface ${name} {`)).split('\n}')[0] ?? '')
  const withoutNested = [text, ...interfaces].join('\n').replace(/\{ env: [^}]*\}/g, '')
  const names = [...withoutNested.matchAll(/\b([a-z_0-9]+)\??: /g)].map(match => match[1] ?? '')
  return [...new Set(names)].filter(name => name !== 'evt').toSorted()
}

function documentedFields(row: string): string[] {
  const [fields = ''] = row.split(' | ')
  const named = [...fields.matchAll(/`([a-z_0-9]+)`/g)].map(match => match[1] ?? '')
  // `success` and `fail` are values, and refresh events have what minting has.
  const base = fields.startsWith('as `session.mint`')
    ? documentedFields(rowsInManual().get('session.mint') ?? '')
    : []
  return [...new Set([...base, ...named])].filter(name => name !== 'success' && name !== 'fail').toSorted()
}

test('docs/audit.md lists every event of the union, in its order, and no other', () => {
  assert.deepEqual([...rowsInManual().keys()], [...eventsInCode().keys()])
})

test('docs/audit.md lists every field of every event, and no other', () => {
  const rows = rowsInManual()
  for (const [name, text] of eventsInCode()) {
    assert.deepEqual([name, documentedFields(rows.get(name) ?? '')], [name, fieldsOf(text)])
  }
})

test('docs/audit.md lists every result, reason and outcome', () => {
  const rows = rowsInManual()
  for (const [name, text] of eventsInCode()) {
    for (const field of ['result', 'reason', 'outcome']) {
      const values = new RegExp(`\\b${field}\\??:((?:\\s*\\|?\\s*'[a-z_]+')+)`).exec(text)?.[1] ?? ''
      if (name === 'config.load') continue
      for (const [, value] of values.matchAll(/'([a-z_]+)'/g)) {
        assert.ok(rows.get(name)?.includes(`\`${value}\``), `${name} ${field} ${value}`)
      }
    }
  }
})
