import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAddressSet, formatAddress, parseAddress, parseRange } from '../../app/lib/address.ts'

const spelled = (text: string) => {
  const address = parseAddress(text)
  return address === null ? null : formatAddress(address)
}

test('addresses are read in every valid spelling and written in one', () => {
  assert.equal(spelled('192.0.2.1'), '192.0.2.1')
  assert.equal(spelled('2001:DB8:0:0:0:0:0:1'), '2001:db8::1')
  assert.equal(spelled('2001:db8::1:0:0:1'), '2001:db8::1:0:0:1')
  assert.equal(spelled('1:0:0:2:0:0:0:3'), '1:0:0:2::3')
  assert.equal(spelled('::'), '::')
  assert.equal(spelled('::ffff:192.0.2.1'), '::ffff:192.0.2.1')
  assert.equal(spelled('1:2:3:4:5:6:192.0.2.1'), '1:2:3:4:5:6:c000:201')
})

test('half-valid spellings are refused', () => {
  for (const text of [
    ...[
      '',
      '1',
      '192.0.2',
      '192.0.2.1.1',
      '192.0.2.256',
      '192.0.2.01',
      '0300.0.2.1',
      '0xc0.0.2.1',
      '192.0.2.',
    ],
    ...['1.2.3.4::', '::1.2.3', '1::2::3', ':::', ':1', '1:', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9'],
    ...['1:2:3:4:5:6:7::8:9', '::g', '::12345', 'fe80::1%eth0', '[::1]', ' ::1', '::1 ', '192.0.2.1.2:1::'],
  ]) {
    assert.equal(parseAddress(text), null, text)
  }
})

test('what Node takes for an address is one, and is written so that Node agrees', () => {
  const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(words, groups => {
      const text = groups.map(group => group.toString(16)).join(':')
      const written = spelled(text) ?? ''

      assert.equal(isIP(written), 6)
      assert.deepEqual(parseAddress(written), parseAddress(text))
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.') }), text => {
      assert.equal(parseAddress(text) !== null, isIP(text) !== 0)
    }),
    { numRuns: 2000 },
  )
})

test('a range holds its addresses, host bits and mapped spellings aside', () => {
  const cases: [string, string, boolean][] = [
    ['10.1.2.3/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['10.0.0.0/8', '::ffff:10.1.1.1', true],
    ['::ffff:10.0.0.0/104', '10.1.1.1', true],
    ['fc00::/7', 'fdff::1', true],
    ['fc00::/7', 'fe00::1', false],
    ['2001:db8:0:8000::/49', '2001:db8:0:7fff::1', false],
    ['2001:db8:0:8000::/49', '2001:db8:0:ffff::1', true],
  ]
  for (const [range, text, expected] of cases) {
    const address = parseAddress(text)! // each case is a valid address
    assert.equal(createAddressSet([range]).includes(address), expected, `${range} ${text}`)
  }
})

test('a range that cannot be read is null', () => {
  for (const text of [
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '/8',
    '10.0.0.0/-1',
  ]) {
    assert.equal(parseRange(text), null, text)
  }
})
