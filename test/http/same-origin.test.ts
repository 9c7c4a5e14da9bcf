import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameOrigin } from '../../app/http/same-origin.ts'

const publicUrl = 'https://gateway.example/prefix'
const origin = 'https://gateway.example'

const passes = (headers: Parameters<typeof isSameOrigin>[0]) => isSameOrigin(headers, publicUrl)

test('a form of our own origin passes', () => {
  assert.equal(passes({ origin }), true)
  assert.equal(passes({ origin, 'sec-fetch-site': 'same-origin' }), true)
  assert.equal(passes({ 'sec-fetch-site': 'same-origin' }), true)
})

test('another origin, however alike, is refused', () => {
  for (const other of [
    ...['https://evil.example', 'http://gateway.example', 'https://gateway.example:8443', 'null', ''],
    ...[
      'https://gateway.example.evil.example',
      `${origin}/`,
      `${origin}, ${origin}`,
      'https://GATEWAY.example',
    ],
  ]) {
    assert.equal(passes({ origin: other }), false)
    assert.equal(passes({ origin: other, 'sec-fetch-site': 'same-origin' }), false)
  }
})

test('a browser that names another site is believed, also beside our origin', () => {
  for (const site of ['cross-site', 'same-site', 'none', 'SAME-ORIGIN', '']) {
    assert.equal(passes({ 'sec-fetch-site': site }), false)
    assert.equal(passes({ origin, 'sec-fetch-site': site }), false)
  }
})

test('a Referer alone proves nothing', () => {
  assert.equal(passes({ referer: `${publicUrl}/device` }), false)
  assert.equal(passes({}), false)
})
