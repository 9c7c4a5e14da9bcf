import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvRecord } from '../../app/lib/csv.ts'

test('a record ends with CR LF, and a cell is quoted where RFC 4180 needs it', () => {
  const record = csvRecord(['plain', 'a,b', 'say "hi"', 'two\nlines', ' padded', '', null, 12n, -3])

  assert.equal(record, 'plain,"a,b","say ""hi""","two\nlines"," padded",,,12,-3\r\n')
})

test('a text that a spreadsheet would compute is told apart by an apostrophe; a number is not touched', () => {
  const texts = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    ' =1',
    '\u200b=1',
    '＝1',
    '=HYPERLINK("http://x","y")',
  ]

  const record = csvRecord([...texts, -1])

  assert.equal(
    record,
    `'=1+1,'+1,'-1,'@SUM(A1),'\t'=1,' =1,'\u200b=1,'＝1,"'=HYPERLINK(""http://x"",""y"")",-1\r\n`,
  )
})

test('a semicolon, a tab and a line feed begin a cell in some countries, or some spreadsheets', () => {
  const record = csvRecord(['Ada;=1+1', ' \t =2', 'Bo\t@x', 'Cy; +1', 'De;Fo', 'two\n-1'])

  assert.equal(record, `Ada;'=1+1," \t' =2",Bo\t'@x,Cy;' +1,De;Fo,"two\n'-1"\r\n`)
})

test('a name with such a character inside is as it was', () => {
  assert.equal(
    csvRecord(['a=b', 'claude-haiku-4-5@20251001', 'x+y']),
    'a=b,claude-haiku-4-5@20251001,x+y\r\n',
  )
})

test('what a terminal would obey does not reach it', () => {
  assert.equal(csvRecord(['a\u001b[31mb\u009bc']), 'a\ufffd[31mb\ufffdc\r\n')
})
