import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BodyEdit, editBody } from '../../app/inference/body-edits.ts'
import { scan } from '../support/scanned.ts'

function scanned(text: string, ...cuts: number[]) {
  const body = Buffer.from(text)
  const found = scan(body)
  assert.equal(found.kind, 'object')
  const chunks = [0, ...cuts].map((from, index) => body.subarray(from, cuts[index] ?? body.length))
  return { ...found, chunks, length: body.length }
}

function edited(text: string, ...edits: BodyEdit[]): string {
  const { chunks, length } = editBody(scanned(text), edits)
  const bytes = Buffer.concat(chunks)
  assert.equal(bytes.length, length)
  return bytes.toString()
}

const drop = (name: BodyEdit['name']): BodyEdit => ({ kind: 'delete', name })
const set = (name: BodyEdit['name'], value: string | readonly string[]): BodyEdit => ({
  kind: 'set',
  name,
  value,
})

test('a value is replaced where it stands; everything else keeps its bytes', () => {
  assert.equal(edited('{ "model" : "a" , "x":1.0 }', set('model', 'b"ü')), '{ "model" : "b\\"ü" , "x":1.0 }')
  assert.equal(
    edited('{"x":{"model":"a"},"mod\\u0065l":"a"}', set('model', 'b')),
    '{"x":{"model":"a"},"mod\\u0065l":"b"}',
  )
})

test('a deleted member takes exactly one comma with it', () => {
  assert.equal(edited('{"model":1,"x":2}', drop('model')), '{"x":2}')
  assert.equal(edited('{"x":2,"model":1}', drop('model')), '{"x":2}')
  assert.equal(edited('{"x":2, "model":1 ,"y":3}', drop('model')), '{"x":2, "y":3}')
  assert.equal(edited('{ "model":1 }', drop('model')), '{  }')
})

test('deleted neighbours leave no comma behind and take none of another', () => {
  const both = [drop('model'), drop('stream')]

  assert.equal(edited('{"model":1,"stream":2}', ...both), '{}')
  assert.equal(edited('{"model":1,"stream":2,"x":3}', ...both), '{"x":3}')
  assert.equal(edited('{"x":3,"stream":2,"model":1}', ...both), '{"x":3}')
  assert.equal(edited('{"model":1,"x":3,"stream":2}', ...both), '{"x":3}')
  assert.equal(edited('{"x":3,"model":1,"y":4,"stream":2}', ...both), '{"x":3,"y":4}')
})

test('what is not there is added in front, or not deleted', () => {
  assert.equal(edited('{"x":1}', set('anthropic_beta', ['a', 'b'])), '{"anthropic_beta":["a","b"],"x":1}')
  assert.equal(edited('{}', set('model', 'a'), set('tags', 'b')), '{"model":"a","tags":"b"}')
  assert.equal(edited('{"x":1}', drop('tags')), '{"x":1}')
})

test('members can be added and deleted in the same body', () => {
  const edits = [drop('model'), set('anthropic_version', 'v'), drop('stream')]

  assert.equal(edited('{"model":1}', ...edits), '{"anthropic_version":"v"}')
  assert.equal(edited('{"model":1,"x":2,"stream":3}', ...edits), '{"anthropic_version":"v","x":2}')
  assert.equal(edited('{"anthropic_version":0,"stream":3,"model":1}', ...edits), '{"anthropic_version":"v"}')
})

test('without a change the received chunks themselves go out', () => {
  const body = scanned('{"model":"a","x":1}', 5, 9)

  const untouched = editBody(body, [drop('tags')])

  assert.equal(untouched.chunks, body.chunks)
  assert.equal(untouched.length, body.length)
})

test('chunks away from the edit are handed on, not copied', () => {
  const body = scanned('{"model":"a","x":1,"y":2}', 13, 19)

  const { chunks } = editBody(body, [set('model', 'longer')])

  assert.deepEqual(
    chunks.map(chunk => chunk.toString()),
    ['{"model":', '"longer"', ',', '"x":1,', '"y":2}'],
  )
  assert.equal(chunks[3], body.chunks[1])
  assert.equal(chunks[0]?.buffer, body.chunks[0]?.buffer)
})
