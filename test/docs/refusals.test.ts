import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { REFUSALS } from '../../app/http/errors.ts'
import { wordsFor } from '../../app/inference/upstream-errors.ts'

const manual = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

/** `code status type` of every row of the manual's table of codes. */
function documented(): string[] {
  const rows = manual.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| `?([a-z_]+)`? \|/gm)
  return [...rows].map(([, code, status, type]) => `${code} ${status} ${type}`)
}

test('docs/errors.md lists every refusal with its status and type, and no other', () => {
  const inCode = Object.entries(REFUSALS).map(([code, { status, type }]) => `${code} ${status} ${type}`)

  assert.deepEqual(documented(), inCode)
})

test('docs/errors.md names the headers that the table adds', () => {
  for (const [code, row] of Object.entries(REFUSALS)) {
    const line = manual.split('\n').find(text => text.startsWith(`| \`${code}\` |`)) ?? ''
    for (const [name, value] of Object.entries('headers' in row ? row.headers : {})) {
      assert.ok(line.includes(`\`${name}: ${value}\``), `${code}: ${name}: ${value}`)
    }
  }
})

test('docs/errors.md has the words for each status of a cloud', () => {
  const rows = [...manual.matchAll(/^\| (\d{3}) \| `([a-z_]+)` \| `([^`]+)` \|$/gm)]
  const documentedWords = rows.map(([, status, type, message]) => ({ status: Number(status), type, message }))

  assert.deepEqual(
    documentedWords,
    [400, 401, 403, 404, 413, 429, 501].map(status => ({ status, ...wordsFor(status) })),
  )
})
