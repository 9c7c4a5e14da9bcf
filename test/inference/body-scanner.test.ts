import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scan, verdict } from '../support/scanned.ts'

const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`

test('a text that RFC 8259 does not allow is no body', () => {
  const texts = [
    ...[
      '',
      ' ',
      '{',
      '{"a"',
      '{"a":',
      '{"a":1',
      '{"a":1,}',
      '{,}',
      '{"a" 1}',
      '{a:1}',
      "{'a':1}",
      '{"a":1}}',
    ],
    ...['{"a":01}', '{"a":-}', '{"a":1.}', '{"a":.5}', '{"a":1e}', '{"a":+1}', '{"a":0x1}', '{"a":NaN}'],
    ...['{"a":tru}', '{"a":True}', '{"a":nulll}', '{"a":[1,]}', '{"a":[1}', '{"a":1] '],
    ...['{"a":"\n"}', '{"a":"\u0000"}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"\\u12g4"}', '{"a":"b}'],
    ...['\ufeff{}', '{} x', '{}{}', '{"a":1,"a"}', '\u00a0{}', '/**/{}', '{"a":1;"b":2}'],
  ]

  for (const text of texts) assert.deepEqual(scan(Buffer.from(text)), { kind: 'invalid' }, text)
})

test('a body must be UTF-8, also where a chunk cuts a character', () => {
  const valid = Buffer.from('{"a":"é€😀"}')
  const wrong = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf5, 0x80, 0x80, 0x80], [0x80]]

  for (let cut = 0; cut <= valid.length; cut++) assert.equal(scan(valid, cut).kind, 'object')
  for (const bytes of wrong) {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])
    for (let cut = 0; cut <= body.length; cut++) assert.equal(scan(body, cut).kind, 'invalid')
  }
})

test('a body that is JSON but no object is told apart', () => {
  for (const text of ['[]', '[{"model":"a"}]', '"a"', '1', '-0.5e3', 'true', ' null ']) {
    assert.deepEqual(scan(Buffer.from(text)), { kind: 'not_an_object' }, text)
  }
})

test('2,000 levels are read, 2,001 are not', () => {
  assert.equal(scan(Buffer.from(nested(2000))).kind, 'object')
  assert.equal(scan(Buffer.from(nested(2001))).kind, 'invalid')
})

test('a member that a rule reads may come once, however it is spelled', () => {
  for (const name of ['model', 'stream', 'tags', 'anthropic_version', 'anthropic_beta']) {
    const escaped = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`

    assert.deepEqual(scan(Buffer.from(`{"${name}":1,"x":2,"${name}":3}`)), { kind: 'repeated_member', name })
    assert.deepEqual(scan(Buffer.from(`{"${escaped}":1,"${name}":3}`)), { kind: 'repeated_member', name })
  }
})

test('other members may repeat, as may rule members inside others', () => {
  const body = Buffer.from('{"a":1,"a":2,"model":"m","b":{"model":1,"model":2},"c":["model",{"stream":1}]}')

  assert.deepEqual(verdict(body, scan(body)), { kind: 'object', members: { model: '"m"' } })
})

test('a name in a string, or a longer name, is no member', () => {
  const body = Buffer.from('{"x":"\\"model\\":\\"a\\"","models":1,"mode":2,"Model":3,"model\\u0000":4}')

  assert.deepEqual(verdict(body, scan(body)), { kind: 'object', members: {} })
})

test('each member is found with its place, its ends and its commas', () => {
  const body = Buffer.from('{ "x":[1], "mod\\u0065l" : "m" ,"stream":true }')

  for (let cut = 0; cut <= body.length; cut++) {
    assert.deepEqual(scan(body, cut), {
      kind: 'object',
      open: 0,
      memberCount: 3,
      members: [
        {
          ...{ name: 'model', index: 1, keyStart: 11, keyEnd: 23, valueStart: 26, valueEnd: 29 },
          ...{ isRepeated: false, commaBefore: 9, commaAfter: 30 },
        },
        {
          ...{ name: 'stream', index: 2, keyStart: 31, keyEnd: 39, valueStart: 40, valueEnd: 44 },
          ...{ isRepeated: false, commaBefore: 30, commaAfter: null },
        },
      ],
      hasProviderSettings: false,
    })
  }
})

test('a million members cost no memory of their own', () => {
  const body = Buffer.from(`{${'"":0,'.repeat(1_000_000)}"model":"m"}`)

  const scanned = scan(body)

  assert.equal(scanned.kind, 'object')
  assert.deepEqual([scanned.memberCount, scanned.members.length], [1_000_001, 1])
})
