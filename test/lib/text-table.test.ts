import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textTable } from '../../app/lib/text-table.ts'

test('columns are as wide as their widest cell, and lines end with the last word', () => {
  const table = textTable(
    ['A', 'LONG HEAD', 'C'],
    [
      ['first', 'x', 'y'],
      ['2', '', ''],
    ],
  )

  assert.equal(table, 'A      LONG HEAD  C\nfirst  x          y\n2\n')
})

test('a cell is one line, without what a terminal would obey, and not endless', () => {
  const table = textTable(['A', 'B'], [['red\u001b[31m\nnext\u202e', 'x'.repeat(500)]])

  assert.equal(table, `A              B\nred [31m next  ${'x'.repeat(120)}\n`)
})
