import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressAt, addressCount, holds, overlap, parseCidr } from '../../infra/cidr.ts'

test('a range is an IPv4 network in its own spelling, and nothing else', () => {
  const refused = ['10.0.0.1/24', '10.0.0.0', '10.0.0.0/33', '010.0.0.0/8', 'fc00::/7', '']

  assert.deepEqual(refused.map(parseCidr), Array(6).fill(null))
  assert.equal(parseCidr('10.0.0.0/24')?.bits, 24)
})

test('the sixth address of a range is five after its first', () => {
  assert.equal(addressAt('10.64.1.0/28', 5), '10.64.1.5')
  assert.equal(addressAt('10.64.255.0/24', 255), '10.64.255.255')
  assert.equal(addressCount('10.64.1.0/28'), 16)
})

test('ranges meet when one lies in the other, and not when they touch', () => {
  assert.equal(overlap('10.0.0.0/8', '10.9.0.0/24'), true)
  assert.equal(overlap('10.9.0.0/24', '10.0.0.0/8'), true)
  assert.equal(overlap('10.0.0.0/24', '10.0.1.0/24'), false)
  assert.equal(holds('10.0.0.0/24', '10.0.1.0'), false)
})
