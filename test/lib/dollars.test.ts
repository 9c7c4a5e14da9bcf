import assert from 'node:assert/strict'
import { test } from 'node:test'
import { centsOfDollars, dollarsText } from '../../app/lib/dollars.ts'

test('dollars become cents without passing through a fraction', () => {
  const rows = [
    ['12.10', '1210'],
    ['12.1', '1210'],
    ['5000', '500000'],
    ['0', '0'],
    ['0.29', '29'],
    ['1.13', '113'],
    ['007.00', '700'],
    ['9999999999999999.99', '999999999999999999'],
  ] as const

  for (const [dollars, cents] of rows) assert.equal(centsOfDollars(dollars), cents)
})

test('what is no amount of dollars, or has parts of a cent, is refused', () => {
  const wrong = [
    '',
    '12.105',
    '1,000',
    '$5',
    '-1',
    '+1',
    '1e3',
    '.5',
    '5.',
    ' 5',
    '0x10',
    '1_000',
    '٣',
    'NaN',
  ]

  assert.deepEqual(
    [...wrong, '1'.repeat(17)].filter(text => centsOfDollars(text) !== null),
    [],
  )
})

test('cents are shown in dollars, with as many decimals as they have', () => {
  const shown = ['0', '5', '29', '1210', '500000', '29.048', '100.5'].map(dollarsText)

  assert.deepEqual(shown, ['$0.00', '$0.05', '$0.29', '$12.10', '$5000.00', '$0.29048', '$1.005'])
})
