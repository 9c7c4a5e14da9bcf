// A real person: `explain --sub` asks the store who they were at their last sign-in.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { rememberPrincipal } from '../../app/store/principals.ts'
import { fileWith, SECRETS } from '../support/config-text.ts'
import { createDatabase } from '../support/postgres.ts'

const MANAGED = `managed:
  policies:
    - match: { groups: [pilot] }
      code: { availableModels: [opus, haiku] }
    - match: {}
      code: { availableModels: [haiku], model: haiku }`

function explainSub(path: string, databaseUrl: string, argv: readonly string[]) {
  const program = join(import.meta.dirname, '../../app/main.ts')
  const env = { PATH: process.env['PATH'] ?? '', ...SECRETS, DATABASE_URL: databaseUrl }
  const call = [program, 'explain', '--config', path, ...argv]
  return new Promise<{ code: number; stdout: string; stderr: string }>(resolve => {
    execFile(process.execPath, call, { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

test('a subject is explained with the groups of their last sign-in, and a stranger is named', async t => {
  await using database = await createDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-explain-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, fileWith({ managed: MANAGED }))
  await rememberPrincipal(database.pool, { sub: 'sub-1', email: 'ada@example.com', groups: ['pilot'] })

  const known = await explainSub(path, database.url, ['--sub', 'sub-1', '--model', 'claude-opus-4-8'])
  const changed = await explainSub(path, database.url, ['--sub', 'sub-1', '--groups', 'staff', '--json'])
  const stranger = await explainSub(path, database.url, ['--sub', 'sub-2'])

  assert.match(
    known.stdout,
    /^ada@example\.com\ngroups: pilot\n\nclaude-opus-4-8: anthropic as claude-opus-4-8\n/,
  )
  assert.equal(JSON.parse(changed.stdout).policy, 1)
  assert.deepEqual([stranger.code, stranger.stdout], [1, ''])
  assert.match(stranger.stderr, /nobody with the subject sub-2 was seen/)
})
