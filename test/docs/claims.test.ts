// What the pages claim about the code as a whole: its arrows, its tables, its proofs, its dependencies.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pageAt, SOURCES } from '../support/manual.ts'

const security = pageAt('docs/security.md')
const operations = pageAt('docs/operations.md')

/** The rows of the table below a heading, without its head. */
function rowsBelow(text: string, heading: string): string[] {
  const section = text.slice(text.indexOf(`${heading}\n`) + heading.length).split(/^##+ /m, 1)[0] ?? ''
  return section
    .split('\n')
    .filter(line => line.startsWith('| '))
    .slice(1)
}

test('docs/architecture.md draws the arrows that are enforced', () => {
  const block = /```text\n(lib ←[\s\S]*?)```/.exec(pageAt('docs/architecture.md'))?.[1] ?? ''
  const drawn = block.split('←').map(part => part.match(/[a-z]+/g) ?? [])

  const enforced = pageAt('test/architecture.test.ts').split('RANKS: readonly')[1]?.split('\n]\n', 1)[0] ?? ''
  const ranks = [...enforced.matchAll(/^ {2}\[(.*)\],$/gm)].map(([, row = '']) => row.match(/[a-z]+/g) ?? [])
  assert.ok(ranks.length > 5)
  assert.deepEqual(drawn, ranks)
})

test('docs/architecture.md has a row for every folder of app', () => {
  const rows = rowsBelow(pageAt('docs/architecture.md'), '## The tree and its arrows')
  const named = rows.map(row => /`app\/([a-z]+)(?:\/|\.ts)`/.exec(row)?.[1])

  const enforced = pageAt('test/architecture.test.ts').split('RANKS: readonly')[1]?.split('\n]\n', 1)[0] ?? ''
  const folders = [...enforced.matchAll(/'([a-z]+)'/g)].map(([, name]) => name)
  assert.deepEqual(named.toSorted(), folders.toSorted())
})

test('docs/operations.md lists every table of the database, and no other', () => {
  const rows = rowsBelow(operations, '## What Postgres holds')
  const listed = rows.map(row => /^\| `([a-z_]+)`/.exec(row)?.[1]).filter(name => name !== undefined)

  const files = globSync('app/store/migrations/*.sql', { cwd: join(import.meta.dirname, '../..') })
  const sql = [...files, 'app/store/migrate.ts'].map(pageAt).join('\n')
  const created = [...sql.matchAll(/create table (?:if not exists )?([a-z_]+) \(/g)].map(([, name]) => name)
  assert.deepEqual(listed.toSorted(), created.toSorted())
})

test('every threat of docs/security.md names a test that proves what stops it', () => {
  const rows = rowsBelow(security, '## Threats').filter(row => !row.startsWith('|---'))

  assert.ok(rows.length > 20)
  assert.deepEqual(
    rows.filter(row => !/`test\/[a-z/-]+\.test\.ts`/.test(row)),
    [],
  )
})

test('docs/security.md names every package that the service uses', () => {
  const section = security.slice(security.indexOf('## Dependencies')).split(/\n\n/)[1] ?? ''
  const named = [...section.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name)

  const service = SOURCES.filter(({ path }) => !path.startsWith('app/development/'))
  const imported = service.flatMap(({ text }) =>
    [
      ...text.matchAll(/^import (?!type\b).*from '([a-z-]+)'|^} from '([a-z-]+)'|\bimport\('([a-z-]+)'\)/gm),
    ].map(match => match[1] ?? match[2] ?? match[3]),
  )
  assert.deepEqual(named.toSorted(), [...new Set(imported)].toSorted())
})

test('docs/security.md answers twenty questions', () => {
  const numbers = [...security.matchAll(/^(\d+)\. \*\*[^*]+\?\*\* \S/gm)].map(([, number]) => Number(number))

  assert.deepEqual(
    numbers,
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
})
