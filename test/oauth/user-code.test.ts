import assert from 'node:assert/strict'
import { test } from 'node:test'
import { displayUserCode, drawUserCode, normaliseUserCode } from '../../app/oauth/user-code.ts'

test('a user code is eight letters of the alphabet without vowels, drawn evenly', () => {
  const draws = Array.from({ length: 4000 }, drawUserCode)

  const counts = new Map<string, number>()
  for (const letter of draws.join('')) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  assert.ok(draws.every(code => /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/.test(code)))
  // 32,000 letters, 1,600 expected of each: a bias of modulo 256 would add 100 or more to sixteen of them.
  assert.equal(counts.size, 20)
  assert.ok([...counts.values()].every(count => count > 1350 && count < 1850))
})

test('a user code is shown in two groups of four', () => {
  const shown = displayUserCode('BCDFGHJK')

  assert.equal(shown, 'BCDF-GHJK')
})

for (const [how, input] of [
  ['as shown', 'BCDF-GHJK'],
  ['without the dash', 'BCDFGHJK'],
  ['in lower case', 'bcdf-ghjk'],
  ['with spaces around and between', '  bcdf  ghjk '],
  ['with an en dash', 'BCDF–GHJK'],
  ['with an em dash', 'BCDF—GHJK'],
  ['with a non-breaking hyphen', 'BCDF‑GHJK'],
  ['with a minus sign', 'BCDF−GHJK'],
  ['with a non-breaking space', 'BCDF\u00a0GHJK'],
] as const) {
  test(`a user code typed ${how} is recognised`, () => {
    const userCode = normaliseUserCode(input)

    assert.equal(userCode, 'BCDFGHJK')
  })
}

for (const [what, input] of [
  ['nothing', ''],
  ['seven letters', 'BCDFGHJ'],
  ['nine letters', 'BCDFGHJKL'],
  ['a vowel', 'ACDFGHJK'],
  ['a digit that looks like a letter', '8CDFGHJK'],
  ['a full-width letter', 'ＢCDFGHJK'],
  ['a long s, whose upper case is S', 'ſBCDFGHJ'],
  ['markup', '<b>BCDFGHJK</b>'],
  ['a line break with a header behind it', 'BCDFGHJK\r\nSet-Cookie: a=b'],
  ['a NUL', 'BCDFGHJK\0'],
  ['a bidirectional mark', 'BCDF\u202eGHJK'],
  ['the code behind more than 64 bytes', `${' '.repeat(64)}BCDFGHJK`],
] as const) {
  test(`${what} is not a user code`, () => {
    const userCode = normaliseUserCode(input)

    assert.equal(userCode, null)
  })
}
