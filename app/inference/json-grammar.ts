// The tables behind the body scanner: RFC 8259 as classes of bytes and what each may do where.

/** What the grammar waits for between two tokens; the order is that of `GRAMMAR`'s rows. */
export const VALUE = 0
export const FIRST_ITEM = 1
export const FIRST_KEY = 2
export const KEY = 3
export const COLON = 4
export const AFTER_ITEM = 5
export const AFTER_MEMBER = 6
export const DONE = 7

/** What a byte between two tokens means; 0 is an error. */
export const SKIP = 1
export const BEGIN_KEY = 2
export const BEGIN_STRING = 3
export const BEGIN_NUMBER = 4
export const BEGIN_LITERAL = 5
export const OPEN_OBJECT = 6
export const OPEN_ARRAY = 7
export const CLOSE = 8
export const TAKE_COLON = 9
export const COMMA_IN_ARRAY = 10
export const COMMA_IN_OBJECT = 11

const OPENERS: Readonly<Record<string, number>> = {
  '"': BEGIN_STRING,
  '{': OPEN_OBJECT,
  '[': OPEN_ARRAY,
  '-0123456789': BEGIN_NUMBER,
  tfn: BEGIN_LITERAL,
}

/** `GRAMMAR[state << 8 | byte]`: what `byte` does while the grammar waits for `state`. */
export const GRAMMAR = table(8, {
  [VALUE]: OPENERS,
  [FIRST_ITEM]: { ...OPENERS, ']': CLOSE },
  [FIRST_KEY]: { '"': BEGIN_KEY, '}': CLOSE },
  [KEY]: { '"': BEGIN_KEY },
  [COLON]: { ':': TAKE_COLON },
  [AFTER_ITEM]: { ',': COMMA_IN_ARRAY, ']': CLOSE },
  [AFTER_MEMBER]: { ',': COMMA_IN_OBJECT, '}': CLOSE },
  [DONE]: {},
})
for (let state = 0; state < 8; state++) for (const byte of ' \t\n\r') GRAMMAR[at(state, byte)] = SKIP

/** The literals by their first byte. */
export const LITERALS: ReadonlyMap<number, string> = new Map(
  ['true', 'false', 'null'].map(word => [word.charCodeAt(0), word]),
)

/** Where a number stands after a byte; 0 is: this byte is no longer part of it. */
const MINUS = 1
const ZERO = 2
const INTEGER = 3
const POINT = 4
const FRACTION = 5
const EXPONENT = 6
const SIGN = 7
const POWER = 8

/** `NUMBERS[place << 8 | byte]`: the place after `byte`. Row 0 is the first byte of a number. */
export const NUMBERS = table(9, {
  0: { '-': MINUS, '0': ZERO, '123456789': INTEGER },
  [MINUS]: { '0': ZERO, '123456789': INTEGER },
  [ZERO]: { '.': POINT, eE: EXPONENT },
  [INTEGER]: { '0123456789': INTEGER, '.': POINT, eE: EXPONENT },
  [POINT]: { '0123456789': FRACTION },
  [FRACTION]: { '0123456789': FRACTION, eE: EXPONENT },
  [EXPONENT]: { '+-': SIGN, '0123456789': POWER },
  [SIGN]: { '0123456789': POWER },
  [POWER]: { '0123456789': POWER },
})

/** Reports whether a number may end at `place`. */
export function isWholeNumber(place: number): boolean {
  return place === ZERO || place === INTEGER || place === FRACTION || place === POWER
}

/** 1 for the bytes that may follow a backslash alone; `u` is not among them, as four digits follow it. */
export const ESCAPED = table(1, { 0: { '"\\/bfnrt': 1 } })

/** 1 for hexadecimal digits. */
export const HEXADECIMAL = table(1, { 0: { '0123456789abcdefABCDEF': 1 } })

/** The length of the escape at `at`; 0 when it is wrong or goes on in the next chunk. */
export function escapeLength(chunk: Buffer, at: number): number {
  const byte = chunk[at + 1] ?? 0
  if (ESCAPED[byte] === 1) return 2
  if (byte !== 0x75 || at + 5 >= chunk.length) return 0
  for (let digit = at + 2; digit < at + 6; digit++) {
    if (HEXADECIMAL[chunk[digit]!] !== 1) return 0 // the line above bounds `digit`
  }
  return 6
}

/** One row of 256 per state; each key of `rows` lists the bytes that get its value. */
function table(states: number, rows: Readonly<Record<number, Readonly<Record<string, number>>>>): Uint8Array {
  const cells = new Uint8Array(states * 256)
  for (const [state, row] of Object.entries(rows))
    for (const [bytes, meaning] of Object.entries(row))
      for (const byte of bytes) cells[at(Number(state), byte)] = meaning
  return cells
}

function at(state: number, byte: string): number {
  return (state << 8) | byte.charCodeAt(0)
}
