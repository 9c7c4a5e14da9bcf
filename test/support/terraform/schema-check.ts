// Judges the arguments of a stack by the schema of its providers, as Terraform would, and says everything at once.
import { expressionsIn, referencesIn, typeOfReference } from './references.ts'
import type { Attribute, AttributeType, Block, ProviderSchema } from './schema.ts'
import { type Arguments, declared, type Finding, type StackJson } from './stack-json.ts'

/** What Terraform reads of a resource itself, and cdktf's own note. */
const META = new Set(['//', 'count', 'depends_on', 'for_each', 'lifecycle', 'provider', 'provisioner'])

/**
 * Every argument that is unknown, missing, of another type, only to be read, or none of the documented values, and every
 * block that occurs too seldom or too often.
 */
export function schemaFindings(stack: StackJson, schema: ProviderSchema): Finding[] {
  const check = new Check(schema)
  for (const { kind, type, address, block } of declared(stack)) {
    const known = { resource: schema.resources, data: schema.data, ephemeral: schema.ephemeral }[kind][type]
    if (known === undefined) check.say(address, '', 'unknown', `no provider has ${kind} ${type}`)
    else check.block(address, '', { block, schema: known, ignored: META })
  }
  for (const block of stack.provider?.['google'] ?? []) {
    check.block('provider.google', '', { block, schema: schema.provider, ignored: new Set(['alias']) })
  }
  return check.findings
}

interface Judged {
  readonly block: Arguments
  readonly schema: Block
  readonly ignored?: ReadonlySet<string>
}

class Check {
  readonly findings: Finding[] = []
  readonly #schema: ProviderSchema

  constructor(schema: ProviderSchema) {
    this.#schema = schema
  }

  say(address: string, path: string, kind: string, text: string): void {
    this.findings.push({ address, path, kind, text })
  }

  block(address: string, at: string, { block, schema, ignored }: Judged): void {
    const given = Object.entries(block).filter(
      ([name, value]) => !ignored?.has(name) && value !== null && value !== undefined,
    )
    for (const [name, value] of given) {
      const path = at === '' ? name : `${at}.${name}`
      const attribute = schema.attributes[name]
      if (attribute !== undefined) this.#attribute(address, path, value, attribute)
      else if (schema.blocks[name] === undefined)
        this.say(address, path, 'unknown', 'there is no such argument')
    }
    const names = new Set(given.map(([name]) => name))
    for (const [name, { use }] of Object.entries(schema.attributes)) {
      if (use === 'required' && !names.has(name)) this.say(address, at, 'missing', `${name} is required`)
    }
    this.#nested(address, at, { block, schema })
  }

  #nested(address: string, at: string, { block, schema }: Judged): void {
    for (const [name, { isRequired, isRepeated, block: inner }] of Object.entries(schema.blocks)) {
      const path = at === '' ? name : `${at}.${name}`
      const value = block[name] ?? []
      const blocks: readonly unknown[] = Array.isArray(value) ? value : [value]
      if (isRequired && blocks.length === 0)
        this.say(address, path, 'block count', 'at least one is required')
      if (!isRepeated && blocks.length > 1) {
        this.say(address, path, 'block count', `${blocks.length}, of which one may be`)
      }
      for (const [index, each] of blocks.entries()) {
        const where = blocks.length > 1 ? `${path}[${index}]` : path
        if (typeof each === 'object' && each !== null) {
          this.block(address, where, { block: each as Arguments, schema: inner }) // an object of JSON
        } else this.say(address, where, 'wrong type', `a block is expected, not ${JSON.stringify(each)}`)
      }
    }
  }

  #attribute(address: string, path: string, value: unknown, { type, use, options }: Attribute): void {
    if (use === 'computed') {
      this.say(address, path, 'computed-only', 'it can only be read')
      return
    }
    const fault = this.#typeFault(value, type)
    if (fault !== null) {
      this.say(address, path, 'wrong type', fault)
      return
    }
    if (options === undefined || typeof value !== 'string' || expressionsIn(value).length > 0) return
    // The provider takes an empty text for the absence of an optional choice, which some resources need.
    if (value === '' && use === 'optional') return
    if (!options.includes(value)) {
      this.say(address, path, 'not an option', `${JSON.stringify(value)} is none of ${options.join(', ')}`)
    }
  }

  #typeFault(value: unknown, type: AttributeType): string | null {
    if (type === 'dynamic') return null
    if (typeof value === 'string' && expressionsIn(value).length > 0) return this.#templateFault(value, type)
    if (typeof type === 'string') {
      const expected = type === 'bool' ? 'boolean' : type
      return typeof value === expected ? null : `${type} is expected, not ${JSON.stringify(value)}`
    }
    const [container, inner] = type
    if (container === 'object' || typeof value !== 'object' || value === null) {
      return `${container} is expected, not ${JSON.stringify(value)}`
    }
    if (Array.isArray(value) !== (container === 'list')) return `${container} is expected`
    const faults = Object.values(value).map(each => this.#typeFault(each, inner as AttributeType)) // not an object's
    return faults.find(fault => fault !== null) ?? null
  }

  /** A template makes a text, unless it is one expression alone: then the type is what it refers to. */
  #templateFault(text: string, type: AttributeType): string | null {
    const [expression = '', ...more] = expressionsIn(text)
    if (more.length > 0 || text !== `\${${expression}}`) {
      return type === 'string' ? null : `${named(type)} is expected, not a text`
    }
    const [reference, ...others] = referencesIn(text)
    const isPlain = reference !== undefined && others.length === 0 && !/[^\w.[\]-]/.test(expression)
    const read = isPlain ? typeOfReference(reference, this.#schema) : null
    if (read === null || canBecome(read, type)) return null
    return `${named(type)} is expected, not ${named(read)}`
  }
}

function named(type: AttributeType): string {
  if (typeof type === 'string') return type
  return type[0] === 'object' ? 'an object' : `${type[0]} of ${named(type[1] as AttributeType)}` // not an object's
}

/** Terraform turns one simple type into another, and a list into a list of what its elements can become. */
function canBecome(from: AttributeType, to: AttributeType): boolean {
  if (from === 'dynamic' || to === 'dynamic') return true
  if (typeof from === 'string' || typeof to === 'string') {
    return from === to || (typeof from === 'string' && to === 'string')
  }
  const isSameContainer = from[0] === to[0] && from[0] !== 'object'
  return isSameContainer && canBecome(from[1] as AttributeType, to[1] as AttributeType) // not an object's
}
