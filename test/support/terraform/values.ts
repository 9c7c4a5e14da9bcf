// The values of resources as they travel between Terraform and a provider, and what a provider adds to them.
import { decode, ExtData, encode } from '@msgpack/msgpack'
import type { AttributeType, Block } from './schema.ts'
import { isWriteOnly } from './schema.ts'

export interface DynamicValue {
  readonly msgpack?: Uint8Array
}

/** The arguments and results of one resource, or of a block in it. */
export type Values = Readonly<Record<string, unknown>>

/** MessagePack's extension 0 stands for a value that is known after the apply. */
const UNKNOWN = new ExtData(0, new Uint8Array([0]))

/** Null for a resource that is not there. */
export function received(value: DynamicValue | undefined | null): Values | null {
  if (value?.msgpack === undefined || value.msgpack.length === 0) return null
  return decode(value.msgpack) as Values | null // Terraform sends an object of the schema that it was given
}

export function sent(values: Values | null): DynamicValue {
  return { msgpack: encode(values) }
}

/** A plan of something new: what only the provider can know is unknown, what is write-only is not kept. */
export function plannedAnew(values: Values, schema: Block): Values {
  return mapped(values, schema, ({ name, value, isReadOnly }) => {
    if (isWriteOnly(name)) return null
    return value === null && (isReadOnly || name === 'id') ? UNKNOWN : value
  })
}

/** A plan of a change: what the provider said before stays said. */
export function plannedAgain(values: Values, schema: Block): Values {
  return mapped(values, schema, ({ name, value }) => (isWriteOnly(name) ? null : value))
}

/** After the apply: everything unknown has a value, which `seed` tells apart from others. */
export function applied(values: Values, schema: Block, seed: string): Values {
  return mapped(values, schema, ({ name, value, type }) => {
    if (isWriteOnly(name)) return null
    return value instanceof ExtData ? invented(type, `${seed}-${name}`) : value
  })
}

interface Read {
  readonly name: string
  readonly value: unknown
  readonly type: AttributeType
  readonly isReadOnly: boolean
}

function mapped(values: Values, schema: Block, become: (read: Read) => unknown): Values {
  const attributes = Object.entries(schema.attributes).map(([name, { type, use }]) => [
    name,
    become({ name, value: values[name] ?? null, type, isReadOnly: use === 'computed' }),
  ])
  const blocks = Object.entries(schema.blocks).map(([name, { block }]) => {
    const value = values[name]
    const inner = (each: unknown) => mapped(each as Values, block, become) // a block of the schema
    if (Array.isArray(value)) return [name, value.map(inner)]
    return [name, typeof value === 'object' && value !== null ? inner(value) : (value ?? null)]
  })
  return Object.fromEntries([...attributes, ...blocks])
}

function invented(type: AttributeType, text: string): unknown {
  if (type === 'string' || type === 'dynamic') return text
  if (type === 'number') return 1
  if (type === 'bool') return false
  const [container, inner] = type
  if (container === 'object') {
    const members = Object.entries(inner as Readonly<Record<string, AttributeType>>) // by its tag
    return Object.fromEntries(members.map(([name, each]) => [name, invented(each, `${text}-${name}`)]))
  }
  return container === 'list' ? [invented(inner as AttributeType, text)] : {} // by its tag
}

/** Top-level arguments that another resource is needed for, when they change. */
export function replacing(prior: Values, proposed: Values, schema: Block): string[] {
  return Object.entries(schema.attributes)
    .filter(([name, { forcesNew }]) => forcesNew === true && !isSame(prior[name], proposed[name]))
    .map(([name]) => name)
}

/** What is unknown may turn out to be the same, but Terraform asks once more at the apply. */
function isSame(before: unknown, after: unknown): boolean {
  return JSON.stringify(before ?? null) === JSON.stringify(after ?? null)
}
