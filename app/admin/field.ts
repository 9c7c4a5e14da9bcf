// One value of a request, or the sentence that says what is wrong with it.
import { Refusal } from '../http/errors.ts'

/** `<field>: <what is wrong>` (M-50). */
export function wrong(field: string, what: string): Refusal {
  return new Refusal('invalid_field', `${field}: ${what}`)
}

const MAX_NAME_CHARACTERS = 256

// C0, DEL and C1; a lone surrogate could not be stored as it is.
const CONTROL = /\p{Cc}/u

/** A subject or the name of a group. */
export function nameIn(value: unknown, field: string): string {
  return textIn(value, { field, atLeast: 1, atMost: MAX_NAME_CHARACTERS })
}

/** Text of one line, of so many characters. */
export function textIn(
  value: unknown,
  { field, atLeast, atMost }: { field: string; atLeast: number; atMost: number },
): string {
  const isFit =
    typeof value === 'string' &&
    value.length <= 2 * atMost && // a character has at most two units
    value.isWellFormed() &&
    !CONTROL.test(value) &&
    isWithin(Array.from(value).length, atLeast, atMost)
  if (isFit) return value
  const length = atLeast === 0 ? `at most ${atMost}` : `${atLeast} to ${atMost}`
  throw wrong(field, `must be text of ${length} characters, without control characters`)
}

/** One of `words`. */
export function wordIn<T extends string>(value: unknown, words: readonly T[], field: string): T {
  const word = words.find(known => known === value)
  if (word === undefined) throw wrong(field, `must be one of ${words.join(', ')}`)
  return word
}

/** Whole cents as canonical text: `0001` is `1`. */
export function centsIn(value: unknown, field: string, { orNull }: { orNull: boolean }): string {
  if (typeof value === 'string' && /^\d{1,18}$/.test(value)) return BigInt(value).toString()
  throw wrong(field, `must be ${orNull ? 'null or ' : ''}a string of 1 to 18 digits, in cents`)
}

function isWithin(number: number, least: number, most: number): boolean {
  return number >= least && number <= most
}
