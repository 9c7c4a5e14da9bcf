import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BodyEdit, editBody } from '../../app/inference/body-edits.ts'
import { type Member, READ_MEMBERS } from '../../app/inference/top-level.ts'
import { expectedOf, mutatedBody } from '../support/mutated-bodies.ts'
import { scan, verdict } from '../support/scanned.ts'

const mutated = fc.gen().map(gen => mutatedBody(bound => gen(fc.nat, { max: bound - 1 })))

test('the scanner accepts what JSON.parse accepts and refuses the rest, wherever the chunks are cut', () => {
  fc.assert(
    fc.property(mutated, body => {
      const whole = scan(body)

      assert.deepEqual(verdict(body, whole), expectedOf(body))
      for (let cut = 0; cut <= body.length; cut++) assert.deepEqual(scan(body, cut), whole, `cut at ${cut}`)
    }),
    { numRuns: 10_000 },
  )
})

test('a body that comes byte by byte is the same body', () => {
  fc.assert(
    fc.property(mutated, body => {
      const everyByte = Array.from(body, (_, index) => index)

      assert.deepEqual(scan(body, ...everyByte), scan(body))
    }),
    { numRuns: 1000 },
  )
})

const objects = fc
  .uniqueArray(fc.tuple(fc.oneof(fc.constantFrom(...READ_MEMBERS), fc.string()), fc.jsonValue()), {
    selector: ([name]) => name,
  })
  .map(members => Object.fromEntries(members.filter(([name]) => name !== '__proto__')))

const edits = fc
  .subarray([...READ_MEMBERS])
  .chain(names =>
    fc.tuple(
      ...names.map(name =>
        fc.oneof(
          fc.constant({ kind: 'delete' as const, name }),
          fc.record({ kind: fc.constant('set' as const), name: fc.constant(name), value: fc.string() }),
        ),
      ),
    ),
  )

test('an edited body parses to the edited tree, and every byte outside the splices is the sender’s', () => {
  fc.assert(
    fc.property(objects, edits, fc.nat(), fc.nat(4), (object, wanted, place, indent) => {
      const body = Buffer.from(JSON.stringify(object, null, indent))
      const scanned = scan(body)
      assert.equal(scanned.kind, 'object')
      const cut = place % (body.length + 1)
      const chunks = [body.subarray(0, cut), body.subarray(cut)]

      const edited = editBody({ ...scanned, chunks, length: body.length }, wanted)

      const bytes = Buffer.concat(edited.chunks)
      assert.equal(bytes.length, edited.length)
      const tree = { ...object }
      for (const edit of wanted) {
        if (edit.kind === 'delete') delete tree[edit.name]
        else tree[edit.name] = edit.value
      }
      assert.deepEqual(JSON.parse(bytes.toString()), JSON.parse(JSON.stringify(tree)))
      let from = 0
      for (const piece of untouched(body, scanned.members, wanted)) {
        const at = bytes.indexOf(piece, from)
        assert.notEqual(at, -1, `changed: ${piece}`)
        from = at + piece.length
      }
    }),
    { numRuns: 3000 },
  )
})

/** The parts of `body`, in order, that no edit of `edits` may change: everything but the edited members and their commas. */
function untouched(body: Buffer, members: readonly Member[], edits: readonly BodyEdit[]): Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  for (const member of members) {
    const edit = edits.find(({ name }) => name === member.name)
    if (edit === undefined) continue
    const isSet = edit.kind === 'set'
    const start = isSet ? member.valueStart : (member.commaBefore ?? member.keyStart)
    pieces.push(body.subarray(from, Math.max(from, start)))
    from = isSet || member.commaAfter === null ? member.valueEnd : member.commaAfter + 1
  }
  const opening = body.indexOf('{') + 1
  const [first = body, ...rest] = [...pieces, body.subarray(from)]
  return [first.subarray(0, opening), first.subarray(opening), ...rest]
}
