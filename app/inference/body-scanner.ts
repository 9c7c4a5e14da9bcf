import {
  AFTER_ITEM,
  AFTER_MEMBER,
  BEGIN_KEY,
  BEGIN_LITERAL,
  BEGIN_NUMBER,
  BEGIN_STRING,
  CLOSE,
  COLON,
  COMMA_IN_ARRAY,
  COMMA_IN_OBJECT,
  DONE,
  ESCAPED,
  escapeLength,
  FIRST_ITEM,
  FIRST_KEY,
  GRAMMAR,
  HEXADECIMAL,
  isWholeNumber,
  KEY,
  LITERALS,
  NUMBERS,
  OPEN_ARRAY,
  OPEN_OBJECT,
  SKIP,
  TAKE_COLON,
  VALUE,
} from './json-grammar.ts'
import { TopLevel, type TopLevelMembers } from './top-level.ts'
import { Utf8Check } from './utf8-check.ts'

/** What a complete body turned out to be. */
export type Scanned =
  | ({ readonly kind: 'object' } & TopLevelMembers)
  | { readonly kind: 'invalid' }
  | { readonly kind: 'not_an_object' }
  | { readonly kind: 'repeated_member'; readonly name: string }

/** JSON.parse has no such bound; 2,000 levels are far beyond any real request (I-83). */
const MAX_DEPTH = 2000

// States inside a token; those between tokens are json-grammar's, 0 to DONE.
const STRING = 8
const ESCAPE = 9
const UNICODE = 10
const NUMBER = 11
const LITERAL = 12
const INVALID = 13

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LOWER_U = 0x75

/**
 * Validates one JSON text in UTF-8 while its chunks arrive, and finds the top-level members that a rule reads.
 *
 * One pass, nothing joined, nothing decoded: a complete RFC 8259 validator that keeps a state between chunks.
 */
export class BodyScanner {
  readonly #utf8 = new Utf8Check()
  readonly #top = new TopLevel()
  /** For each open container, 1 when it is an object. */
  readonly #containers = new Uint8Array(MAX_DEPTH + 1)
  #depth = 0
  #state = VALUE
  /** How many bytes came before the current chunk. */
  #base = 0
  /** The place in a number; hexadecimal digits missing; or letters of a literal seen. */
  #progress = 0
  #literal = ''
  /** Whether the string that is being read is a key. */
  #isKey = false

  /** Whether no continuation can make the text valid any more. */
  get isInvalid(): boolean {
    return this.#state === INVALID
  }

  /** Takes the next bytes; they are looked at now and not kept. */
  push(chunk: Buffer): void {
    if (!this.#utf8.push(chunk)) this.#state = INVALID
    const words = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
    let at = 0
    while (at < chunk.length && this.#state !== INVALID) at = this.#step(chunk, words, at)
    if (this.#isKey && this.#isTop()) this.#top.keyGoesOn(chunk)
    this.#base += chunk.length
  }

  /** Says what the bytes were, now that no more will come. */
  end(): Scanned {
    const isNumberAlone = this.#state === NUMBER && this.#depth === 0 && isWholeNumber(this.#progress)
    const isComplete = this.#state === DONE || isNumberAlone
    if (!isComplete || !this.#utf8.end()) return { kind: 'invalid' }
    const { open, memberCount, members, repeated, hasProviderSettings } = this.#top
    if (open === null) return { kind: 'not_an_object' }
    if (repeated !== null) return { kind: 'repeated_member', name: repeated }
    return { kind: 'object', open, memberCount, members, hasProviderSettings }
  }

  #step(chunk: Buffer, words: DataView, at: number): number {
    switch (this.#state) {
      case STRING:
        return this.#string(chunk, words, at)
      case ESCAPE:
        return this.#escape(chunk, at)
      case UNICODE:
        return this.#unicode(chunk, at)
      case NUMBER:
        return this.#number(chunk, at)
      case LITERAL:
        return this.#letters(chunk, at)
      default:
        return this.#between(chunk, at)
    }
  }

  /** Reads what stands between strings, numbers and literals; of a number or a literal nothing is taken yet. */
  #between(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && this.#state <= DONE) {
      const action = GRAMMAR[(this.#state << 8) | chunk[at]!] // `at` is below the length
      if (action !== SKIP) {
        this.#act(action, chunk, at)
        if (action === BEGIN_NUMBER || action === BEGIN_LITERAL) return at
      }
      at++
    }
    return at
  }

  #act(action: number | undefined, chunk: Buffer, at: number): void {
    switch (action) {
      case BEGIN_KEY:
        if (this.#isTop()) this.#top.beginKey(this.#base + at, at + 1)
        this.#begin(STRING, true)
        break
      case BEGIN_STRING:
        this.#valueBegins(at)
        this.#begin(STRING, false)
        break
      case BEGIN_NUMBER:
        this.#valueBegins(at)
        this.#begin(NUMBER, false)
        break
      case BEGIN_LITERAL:
        this.#valueBegins(at)
        this.#literal = LITERALS.get(chunk[at]!)! // the grammar lets only their first bytes begin one
        this.#begin(LITERAL, false)
        break
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#opened(action === OPEN_OBJECT, at)
        break
      case CLOSE:
        this.#depth--
        this.#valueEnded(at + 1)
        break
      case TAKE_COLON:
      case COMMA_IN_ARRAY:
        this.#state = VALUE
        break
      case COMMA_IN_OBJECT:
        if (this.#isTop()) this.#top.comma(this.#base + at)
        this.#state = KEY
        break
      default:
        this.#state = INVALID
    }
  }

  #begin(state: number, isKey: boolean): void {
    this.#state = state
    this.#isKey = isKey
    this.#progress = 0
  }

  #opened(isObject: boolean, at: number): void {
    if (this.#depth === 0 && isObject) this.#top.open = this.#base + at
    this.#valueBegins(at)
    this.#containers[this.#depth++] = isObject ? 1 : 0
    this.#state = isObject ? FIRST_KEY : FIRST_ITEM
    if (this.#depth > MAX_DEPTH) this.#state = INVALID
  }

  #valueBegins(at: number): void {
    if (this.#isTop()) this.#top.beginValue(this.#base + at)
  }

  #valueEnded(at: number): void {
    if (this.#depth === 0) this.#state = DONE
    else this.#state = this.#containers[this.#depth - 1] === 1 ? AFTER_MEMBER : AFTER_ITEM
    if (this.#isTop()) this.#top.endValue(this.#base + at)
  }

  /** Reports whether the scanner stands directly inside an object that is the whole body. */
  #isTop(): boolean {
    return this.#depth === 1 && this.#containers[0] === 1
  }

  /**
   * Skips string content, four bytes at a time while none of them is a quote, a backslash or a control character.
   *
   * For bytes below 0x80 (`& ~word`) a subtraction borrows into the top bit: `(byte ^ 2) - 0x21` for a quote and for
   * control characters, `(byte ^ 0x5c) - 1` for a backslash. A borrow reaches the next byte only from one that is
   * itself a hit, so the lowest hit is always a true one.
   */
  #string(chunk: Buffer, words: DataView, from: number): number {
    const end = chunk.length
    const lastWord = end - 4
    let at = from
    while (at < end) {
      while (at <= lastWord) {
        const word = words.getInt32(at, true)
        const low = (word ^ 0x02020202) - 0x21212121
        const hits = (low | ((word ^ 0x5c5c5c5c) - 0x01010101)) & ~word & 0x80808080
        if (hits !== 0) {
          at += (31 - Math.clz32(hits & -hits)) >> 3
          break
        }
        at += 4
      }
      if (at === end) break
      const byte = chunk[at]! // `at` is below `end`
      if (byte === BACKSLASH) {
        const length = escapeLength(chunk, at)
        if (length === 0) {
          this.#state = ESCAPE
          return at + 1
        }
        at += length
      } else if (byte === QUOTE) {
        this.#stringEnded(chunk, at)
        return at + 1
      } else if (byte < 0x20) {
        this.#state = INVALID
        return at
      } else at++
    }
    return at
  }

  #stringEnded(chunk: Buffer, at: number): void {
    if (this.#isKey) {
      if (this.#isTop()) this.#top.endKey(this.#base + at, chunk, at)
      this.#isKey = false
      this.#state = COLON
    } else this.#valueEnded(at + 1)
  }

  #escape(chunk: Buffer, at: number): number {
    const byte = chunk[at]! // callers stay below the length
    this.#progress = 4
    if (byte === LOWER_U) this.#state = UNICODE
    else this.#state = ESCAPED[byte] === 1 ? STRING : INVALID
    return at + 1
  }

  #unicode(chunk: Buffer, at: number): number {
    if (HEXADECIMAL[chunk[at]!] !== 1)
      this.#state = INVALID // callers stay below the length
    else if (--this.#progress === 0) this.#state = STRING
    return at + 1
  }

  #number(chunk: Buffer, from: number): number {
    let at = from
    let place = this.#progress
    while (at < chunk.length) {
      const next = NUMBERS[(place << 8) | chunk[at]!]! // inside both tables: a place and a byte
      if (next === 0) {
        if (isWholeNumber(place)) this.#valueEnded(at)
        else this.#state = INVALID
        return at
      }
      place = next
      at++
    }
    this.#progress = place
    return at
  }

  #letters(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && this.#progress < this.#literal.length) {
      if (chunk[at] !== this.#literal.charCodeAt(this.#progress)) {
        this.#state = INVALID
        return at
      }
      this.#progress++
      at++
    }
    if (this.#progress === this.#literal.length) this.#valueEnded(at)
    return at
  }
}
