import type { Block, ProviderSchema } from './schema.ts'
import { isWriteOnly } from './schema.ts'

/** How blocks are nested: as a list, except for `timeouts`, which is one. */
const NESTED = { single: 1, list: 2 } as const

/** The schema as the plugin protocol says it. */
export function wireSchema({ provider, resources, data, ephemeral }: ProviderSchema): object {
  const all = (blocks: Readonly<Record<string, Block>>) =>
    Object.fromEntries(Object.entries(blocks).map(([type, block]) => [type, wireRoot(block)]))
  return {
    provider: wireRoot(provider),
    resource_schemas: all(resources),
    data_source_schemas: all(data),
    ephemeral_resource_schemas: all(ephemeral),
  }
}

function wireRoot(block: Block): object {
  return { version: 0, block: wireBlock(block) }
}

function wireBlock({ attributes, blocks }: Block): object {
  return {
    version: 0,
    attributes: Object.entries(attributes).map(([name, { type, use }]) => ({
      ...{ name, type: Buffer.from(JSON.stringify(type)), write_only: isWriteOnly(name) },
      ...{ required: use === 'required', optional: use === 'optional' },
      // Google's provider answers a value for most of what may be left out.
      computed: use !== 'required' && !isWriteOnly(name),
    })),
    block_types: Object.entries(blocks).map(([name, { isRequired, isRepeated, block }]) =>
      name === 'timeouts'
        ? { type_name: name, nesting: NESTED.single, block: wireBlock(block) }
        : {
            ...{ type_name: name, nesting: NESTED.list, block: wireBlock(block) },
            ...{ min_items: isRequired ? 1 : 0, max_items: isRepeated ? 0 : 1 },
          },
    ),
  }
}
