// A fact is a sentence about any environment of ours, with the function that finds where it does not hold.
import { type Declared, declared, type StackJson } from '../terraform/stack-json.ts'

export interface Fact {
  /** What holds. */
  readonly sentence: string
  /** Where it does not, each as `<address>: <what is there instead>`. */
  readonly broken: (stack: StackJson) => string[]
}

/** What a stack declares of these types. */
export function ofType(stack: StackJson, ...types: readonly string[]): Declared[] {
  return declared(stack).filter(({ kind, type }) => kind !== 'ephemeral' && types.includes(type))
}

/** What stands at `settings.ip_configuration`, or in the first of several at `containers.0`; undefined when nothing does. */
export function valueAt(value: unknown, path: string): unknown {
  let found = value
  for (const step of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Readonly<Record<string, unknown>>)[step] // an object or a list of JSON
  }
  return found
}

/** The blocks at a path, whether one or a list of them is written. */
export function blocksAt(value: unknown, path: string): unknown[] {
  return [valueAt(value, path) ?? []].flat()
}

/** A fact about an argument of each resource of a type: it has one of these values. */
export function always(
  type: string,
  path: string,
  ...values: readonly (string | number | boolean | undefined)[]
): Fact['broken'] {
  return stack =>
    ofType(stack, type).flatMap(({ address, block }) => {
      const value = valueAt(block, path)
      const isExpected = values.some(expected => expected === value)
      return isExpected ? [] : [`${address}: ${path} is ${JSON.stringify(value) ?? 'not set'}`]
    })
}

/** All that several functions find. */
export function all(...parts: readonly Fact['broken'][]): Fact['broken'] {
  return stack => parts.flatMap(part => part(stack))
}
