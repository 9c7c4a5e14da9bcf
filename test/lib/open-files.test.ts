import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFilesLimit } from '../../app/lib/open-files.ts'

function limitsFile(line: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'limits-')), 'limits')
  writeFileSync(file, `Limit                     Soft Limit           Hard Limit           Units\n${line}\n`)
  return file
}

test('the limit of open files is the soft one', () => {
  const file = limitsFile('Max open files            1024                 524288               files')

  assert.equal(openFilesLimit(file), 1024)
})

test('no limit is told as infinite, and a system that does not say as null', () => {
  const file = limitsFile('Max open files            unlimited            unlimited            files')

  assert.equal(openFilesLimit(file), Number.POSITIVE_INFINITY)
  assert.equal(openFilesLimit(limitsFile('Max processes 1 1 processes')), null)
  assert.equal(openFilesLimit('/nowhere/limits'), null)
})
