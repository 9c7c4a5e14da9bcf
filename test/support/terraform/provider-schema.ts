// The schema of the Google provider, for the types that a stack uses, as the installed bindings describe it.
import type { Bindings, DescribedType, Property, TypeReference } from './bindings.ts'
import type { Attribute, AttributeType, Block, NestedBlock, ProviderSchema } from './schema.ts'

/** Arguments of Terraform itself, which every resource takes. */
const META = new Set([
  ...['connection', 'count', 'depends_on', 'for_each', 'lifecycle', 'provider', 'provisioners'],
])

/** Members of every class that describe the construct, not the resource. */
const OF_THE_CONSTRUCT = new Set(['tfResourceType', 'fqn', 'internalValue'])

/** What the documentation in the bindings does not say, and Google's provider does: a new value is a new version. */
const FORCES_NEW: Readonly<Record<string, readonly string[]>> = {
  google_secret_manager_secret_version: ['secret', 'secret_data_wo_version'],
}

export interface UsedTypes {
  readonly resources: readonly string[]
  readonly data: readonly string[]
}

/** @throws when the bindings describe no such type. */
export function providerSchema(bindings: Bindings, used: UsedTypes): ProviderSchema {
  const blocks = (kind: 'resource' | 'data', types: readonly string[]) =>
    Object.fromEntries(types.map(type => [type, rootBlock(bindings, kind, type)]))
  return {
    provider: rootBlock(bindings, 'provider', 'google'),
    resources: blocks('resource', used.resources),
    data: blocks('data', used.data),
    ephemeral: {},
  }
}

function rootBlock(bindings: Bindings, kind: 'resource' | 'data' | 'provider', type: string): Block {
  const described = bindings.classOf(kind, type)
  const config = described.initializer?.parameters?.[2]?.type.fqn
  const struct = config === undefined ? undefined : bindings.type(config)
  if (struct === undefined) throw new Error(`the class of ${type} takes no configuration`)
  const block = blockOf(bindings, struct, described)
  const named = (FORCES_NEW[type] ?? []).map((name): [string, Attribute] => {
    const attribute = block.attributes[name]
    if (attribute === undefined) throw new Error(`${type} has no ${name}`)
    return [name, { ...attribute, forcesNew: true }]
  })
  return { ...block, attributes: { ...block.attributes, ...Object.fromEntries(named) } }
}

/** `struct` has what can be set, `reader` what can be read. */
function blockOf(bindings: Bindings, struct: DescribedType, reader: DescribedType | undefined): Block {
  const attributes: Record<string, Attribute> = {}
  const blocks: Record<string, NestedBlock> = {}
  for (const property of struct.properties ?? []) {
    const name = terraformName(property)
    if (META.has(name)) continue
    const nested = nestedOf(bindings, property)
    if (nested === null) attributes[name] = attributeOf(property)
    else blocks[name] = nested
  }
  for (const property of readOnly(reader)) {
    const name = terraformName(property)
    if (name in blocks || name in attributes || name === 'timeouts') continue
    attributes[name] = { type: readType(bindings, property.type), use: 'computed' }
  }
  return { attributes, blocks }
}

/** Members that have no counterpart for setting, `<name>Input`. */
function readOnly(reader: DescribedType | undefined): readonly Property[] {
  const properties = reader?.properties ?? []
  const names = new Set(properties.map(({ name }) => name))
  return properties.filter(
    ({ name, immutable, static: isStatic }) =>
      immutable === true &&
      isStatic !== true &&
      !OF_THE_CONSTRUCT.has(name) &&
      !name.endsWith('Input') &&
      !names.has(`${name}Input`),
  )
}

function nestedOf(bindings: Bindings, { type, optional }: Property): NestedBlock | null {
  const settable = withoutResolvable(type)
  const isRepeated = settable.collection?.kind === 'array'
  const { fqn } = withoutResolvable(isRepeated ? settable.collection.elementtype : settable)
  const struct = fqn === undefined ? undefined : bindings.type(fqn)
  if (struct === undefined) return null
  const block = blockOf(bindings, struct, bindings.type(`${fqn}OutputReference`))
  return { isRequired: optional !== true, isRepeated, block }
}

function attributeOf({ type, optional, docs }: Property): Attribute {
  const text = `${docs?.summary ?? ''}\n${docs?.remarks ?? ''}`
  // Such as: Possible values: ["INTERNAL", "EXTERNAL"]
  const options = /Possible values: (\["[^\]]*"\])/.exec(text)?.[1]
  return {
    type: settableType(type),
    use: optional === true ? 'optional' : 'required',
    ...(options !== undefined && { options: JSON.parse(options) }),
    ...(text.includes('Changing this forces a new resource') && { forcesNew: true }),
  }
}

/** The anchor of the documentation is Terraform's name; what has none is spelled by the rule of the bindings. */
function terraformName({ name, docs }: Property): string {
  const text = `${docs?.remarks ?? ''} ${docs?.summary ?? ''}`
  const anchor = /Docs at Terraform Registry: \{@link [^#}]*#(\w+)/.exec(text)
  return anchor?.[1] ?? name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

/** Every argument may also be a token, which is no type of its own. */
function withoutResolvable(type: TypeReference): TypeReference {
  const others = type.union?.types.filter(({ fqn }) => fqn !== 'cdktf.IResolvable')
  return others?.length === 1 && others[0] !== undefined ? others[0] : type
}

function settableType(reference: TypeReference): AttributeType {
  const { primitive, collection, union } = withoutResolvable(reference)
  if (collection !== undefined) {
    return [collection.kind === 'array' ? 'list' : 'map', settableType(collection.elementtype)]
  }
  if (union?.types.some(type => type.collection?.kind === 'map')) return ['map', 'bool']
  if (primitive === 'boolean') return 'bool'
  return primitive === 'string' || primitive === 'number' ? primitive : 'dynamic'
}

const READ_TYPES: Readonly<Record<string, AttributeType>> = {
  'cdktf.IResolvable': 'bool',
  'cdktf.StringMap': ['map', 'string'],
  'cdktf.NumberMap': ['map', 'number'],
  'cdktf.BooleanMap': ['map', 'bool'],
  'cdktf.StringMapList': ['list', ['map', 'string']],
}

function readType(bindings: Bindings, reference: TypeReference): AttributeType {
  const { fqn } = reference
  if (fqn === undefined) return settableType(reference)
  const known = READ_TYPES[fqn]
  if (known !== undefined) return known
  const element = bindings.type(fqn)?.methods?.find(({ name }) => name === 'get')?.returns?.type.fqn
  const reader = element === undefined ? undefined : bindings.type(element)
  if (reader === undefined) return 'dynamic'
  const members = readOnly(reader).map((property): [string, AttributeType] => [
    ...([terraformName(property), readType(bindings, property.type)] as const),
  ])
  return ['list', ['object', Object.fromEntries(members)]]
}
