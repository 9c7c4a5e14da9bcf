// What refers to what in a stack: whether it is there, whether it has what is read of it, and whether it ends.
import type { AttributeType, Block, ProviderSchema } from './schema.ts'
import { typeOfBlock } from './schema.ts'
import { type Arguments, declared, type Finding, type StackJson, textsOf } from './stack-json.ts'

export interface Reference {
  /** As `declared` spells it. */
  readonly address: string
  readonly kind: 'resource' | 'data' | 'ephemeral'
  readonly type: string
  /** Names and indices behind the address. */
  readonly steps: readonly string[]
}

const TRAVERSAL =
  /\b(?:(data|ephemeral)\.)?((?:google|random)_\w+)\.([A-Za-z_][\w-]*)((?:\.[a-z_]\w*|\[\d+\])*)/g

/** The references in a text: inside `${…}`, or the whole of a `depends_on` entry. */
export function referencesIn(text: string): Reference[] {
  return expressionsIn(text).flatMap(expression =>
    [...expression.matchAll(TRAVERSAL)].map(([, kind, type = '', name = '', tail = '']) => ({
      address: `${kind === undefined ? '' : `${kind}.`}${type}.${name}`,
      kind: (kind ?? 'resource') as Reference['kind'], // the alternatives of the expression
      type,
      steps: [...tail.matchAll(/\w+/g)].map(([step]) => step),
    })),
  )
}

/** The insides of `${…}`, whose own braces are in pairs; `$${` is a text. */
export function expressionsIn(text: string): string[] {
  const found: string[] = []
  for (let at = text.indexOf('${'); at !== -1; at = text.indexOf('${', at + 2)) {
    if (text[at - 1] === '$') continue
    const end = endOfExpression(text, at + 2)
    found.push(text.slice(at + 2, end))
    at = end
  }
  return found
}

function endOfExpression(text: string, start: number): number {
  let depth = 1
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1
    if (text[at] === '}') depth -= 1
    if (depth === 0) return at
  }
  return text.length
}

/** Addresses that each declared thing waits for, by reference or by `depends_on`. */
export function dependencies(stack: StackJson): Map<string, ReadonlySet<string>> {
  return new Map(
    declared(stack).map(({ address, block }) => [
      ...([address, new Set(referencesOf(block).map(reference => reference.address))] as const),
    ]),
  )
}

/** What `depends_on` lists are addresses, not expressions. */
function referencesOf(block: Arguments): Reference[] {
  return Object.entries(block).flatMap(([name, value]) =>
    name === '//'
      ? []
      : textsOf(value).flatMap(text => referencesIn(name === 'depends_on' ? `\${${text}}` : text)),
  )
}

function expressionFindings(stack: StackJson): Finding[] {
  return declared(stack).flatMap(({ address, block }) =>
    textsOf(block['depends_on'])
      .filter(text => text.includes('${'))
      .map(text => ({ address, path: 'depends_on', kind: 'reference', text: `${text} is no address` })),
  )
}

/** Everything that `address` waits for, through others too. */
export function closure(
  direct: ReadonlyMap<string, ReadonlySet<string>>,
  address: string,
): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (from: string) => {
    for (const next of direct.get(from) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      visit(next)
    }
  }
  visit(address)
  return seen
}

/** References to nothing, to what a thing does not have, and circles. */
export function referenceFindings(stack: StackJson, schema: ProviderSchema): Finding[] {
  const known = new Set(declared(stack).map(({ address }) => address))
  const users = [
    ...declared(stack).map(({ address, block }) => ({ address, references: referencesOf(block) })),
    ...Object.entries(stack.output ?? {}).map(([name, block]) => ({
      ...{ address: `output.${name}`, references: referencesOf(block) },
    })),
  ]
  const wrong = users.flatMap(({ address, references }) =>
    references.flatMap(reference => {
      const text = faultOf(reference, known, schema)
      return text === null ? [] : [{ address, path: '', kind: 'reference', text }]
    }),
  )
  const direct = dependencies(stack)
  const circular = [...direct.keys()].filter(address => closure(direct, address).has(address))
  return [
    ...wrong,
    ...expressionFindings(stack),
    ...circular.map(address => ({ address, path: '', kind: 'cycle', text: 'it waits for itself' })),
  ]
}

function faultOf(reference: Reference, known: ReadonlySet<string>, schema: ProviderSchema): string | null {
  const { address, steps } = reference
  if (!known.has(address)) return `${address} is not declared`
  return typeOfReference(reference, schema) === null ? `${address} has no ${steps.join('.')}` : null
}

/** The type of what is read; null when there is no such thing. */
export function typeOfReference(
  { kind, type, steps }: Reference,
  schema: ProviderSchema,
): AttributeType | null {
  const block = blockBehind(kind, type, schema)
  let found: AttributeType | null = block === undefined ? null : typeOfBlock(block)
  for (const step of steps) {
    if (found === null || found === 'dynamic') return found
    found = memberOf(found, step)
  }
  return found
}

function blockBehind(
  kind: Reference['kind'],
  type: string,
  { resources, data, ephemeral }: ProviderSchema,
): Block | undefined {
  return { resource: resources, data, ephemeral }[kind][type]
}

function memberOf(type: AttributeType, step: string): AttributeType | null {
  if (typeof type === 'string') return null
  const [container, inner] = type
  if (container === 'object') return (inner as Readonly<Record<string, AttributeType>>)[step] ?? null // by its tag
  const isIndex = /^\d+$/.test(step)
  return isIndex === (container === 'list') ? (inner as AttributeType) : null // by its tag
}
