// The code a person compares with their terminal, or types by hand.
import { randomInt } from 'node:crypto'

/** No vowels, so no words; no digits, so no 0 for O (RFC 8628 section 6.1). */
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8
const WELL_FORMED = /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/

/** Longer input is cut, not refused: whoever pasted a sentence gets the same answer as for a wrong code. */
const MAX_INPUT_BYTES = 64

/** What people put between letters: white space, hyphens and dashes of every script, the minus sign. */
const SEPARATORS = /[\s\p{Pd}\u2212]/gu

/** Draws a user code: eight uniform letters, without the dash. */
export function drawUserCode(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
}

/** `BCDFGHJK` as people read it: `BCDF-GHJK`. */
export function displayUserCode(userCode: string): string {
  return `${userCode.slice(0, 4)}-${userCode.slice(4)}`
}

/**
 * The user code a person meant: ` bcdf ghjk` is `BCDFGHJK`; null when it cannot be one.
 *
 * Look-alike letters are not guessed: a digit in the input makes it unknown (S-11).
 */
export function normaliseUserCode(input: string): string | null {
  const cut = Buffer.from(input, 'utf8').subarray(0, MAX_INPUT_BYTES).toString('utf8')
  const letters = cut.replace(SEPARATORS, '').replace(/[a-z]/g, letter => letter.toUpperCase())
  return WELL_FORMED.test(letters) ? letters : null
}
