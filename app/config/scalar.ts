// The scalars of gateway.yaml: how text, numbers, switches and secrets may be written.
import { z } from 'zod'

/** Why a value does not fit: what the key needs, and what to do about it. Never holds the value itself. */
export class Unfit {
  readonly needs: string
  readonly fix: string | undefined

  constructor(needs: string, fix?: string) {
    this.needs = needs
    this.fix = fix
  }
}

/** What a custom issue carries to the report: the value's fault in words, without the value. */
export interface UnfitParams {
  needs?: string
  fix?: string | undefined
  missing?: true
}

/** A schema from a function that answers the parsed value, or why the input does not fit. */
export function scalar<T>(parse: (input: unknown) => T | Unfit): z.ZodType<T> {
  return z.transform((input, context): T => {
    const parsed = input === undefined ? new Unfit('') : parse(input)
    if (!(parsed instanceof Unfit)) return parsed
    const params: UnfitParams =
      input === undefined ? { missing: true } : { needs: parsed.needs, fix: parsed.fix }
    context.issues.push({ code: 'custom', message: params.needs ?? 'missing', params: { ...params }, input })
    return z.NEVER
  })
}

/** A mapping with exactly these keys; every other key is refused. */
export const closed = z.strictObject

/** Text of at least one character; a number or a boolean must be quoted. */
export function text(check: (text: string) => Unfit | undefined = () => undefined): z.ZodType<string> {
  return scalar(input => {
    if (typeof input === 'number' || typeof input === 'boolean') return new Unfit('a text', 'quote it.')
    if (typeof input !== 'string') return new Unfit('a text')
    if (input === '') return new Unfit('a text that is not empty')
    return check(input) ?? input
  })
}

/** Text that must match `pattern`; `needs` describes the pattern in words. */
export function matching(pattern: RegExp, needs: string, fix?: string): z.ZodType<string> {
  return text(value => (pattern.test(value) ? undefined : new Unfit(needs, fix)))
}

/** An absolute path of a local file. */
export function absolutePath(): z.ZodType<string> {
  return matching(/^\//, 'an absolute path', 'write the path from the root, such as /etc/gateway/file.')
}

/** A whole number between `min` and `max`, as a YAML number or a string of decimal digits. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodType<number> {
  const needs =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${min}`
      : `a whole number from ${min} to ${max}`
  return scalar(input => {
    const value = typeof input === 'string' && /^[0-9]{1,16}$/.test(input) ? Number(input) : input
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : new Unfit(needs)
  })
}

/** A time limit in milliseconds. A timer of more than 31 bits would fire at once instead of late. */
export function milliseconds(min: number): z.ZodType<number> {
  return whole(min, 2_147_483_647)
}

/** The bounds of a number that need not be whole. */
export interface NumberBounds {
  min?: number
  /** The number must be greater than this. */
  above?: number
  max?: number
}

/** A finite number within `bounds`, as a YAML number or a string of decimal digits. */
export function decimal(bounds: NumberBounds): z.ZodType<number> {
  const limits = [
    bounds.above === undefined ? [] : `above ${bounds.above}`,
    bounds.min === undefined ? [] : `of at least ${bounds.min}`,
    bounds.max === undefined ? [] : `up to ${bounds.max}`,
  ]
  const { above = -Infinity, min = -Infinity, max = Number.MAX_VALUE } = bounds
  return scalar(input => {
    const value =
      typeof input === 'string' && /^[0-9]{1,16}(\.[0-9]{1,16})?$/.test(input) ? Number(input) : input
    const isWithin = typeof value === 'number' && value > above && value >= min && value <= max
    return isWithin ? value : new Unfit(`a number ${limits.flat().join(' and ')}`)
  })
}

/** A switch: a YAML boolean, or exactly "true" or "false". */
export function flag(): z.ZodType<boolean> {
  return scalar(input => {
    if (typeof input === 'boolean') return input
    if (input === 'true' || input === 'false') return input === 'true'
    return new Unfit('true or false')
  })
}

/** One of `options`, spelled exactly so. */
export function choice<const T extends readonly string[]>(options: T): z.ZodType<T[number]> {
  return scalar(input => {
    const option = options.find(candidate => candidate === input)
    if (option !== undefined) return option
    const near = options.find(candidate => candidate.toLowerCase() === String(input).toLowerCase())
    const needs = `one of ${options.join(', ')}`
    return near === undefined ? new Unfit(needs) : new Unfit(needs, `write ${near}.`)
  })
}

/** A list; `nonEmpty` says why an empty one is refused. */
export function list<T extends z.ZodType>(item: T, nonEmpty?: string): z.ZodArray<T> {
  const items = z.array(item)
  return nonEmpty === undefined ? items : items.min(1, { error: nonEmpty })
}

/** A mapping from free names to text. */
export function textMap(): z.ZodRecord<z.ZodString, z.ZodType<string>> {
  return z.record(z.string(), text())
}

/** Text without control characters, at most `max` characters long. */
export function plainText(max: number): z.ZodType<string> {
  return text(value => {
    if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(value))
      return new Unfit('plain text without control characters')
    return value.length > max ? new Unfit(`at most ${max} characters`) : undefined
  })
}

/** A name of a group or a similar exact value. */
export function entry(consequence: string): z.ZodType<string> {
  return text(value => (value.trim() === '' ? new Unfit('a text that is not empty', consequence) : undefined))
}

/** An e-mail address, as far as a setting can be judged: one @ with something on both sides. */
export function emailAddress(): z.ZodType<string> {
  return matching(/^[^\s@,]+@[^\s@,]+$/, 'an e-mail address')
}
