// What a provider says of the arguments that it takes, in the terms of Terraform's plugin protocol.

/** A type as Terraform writes it in JSON. */
export type AttributeType =
  | 'string'
  | 'number'
  | 'bool'
  | 'dynamic'
  | readonly ['list' | 'map', AttributeType]
  | readonly ['object', Readonly<Record<string, AttributeType>>]

export interface Attribute {
  readonly type: AttributeType
  /** What the configuration may do: it must set it, may set it, or can only read it. */
  readonly use: 'required' | 'optional' | 'computed'
  /** The documented values, where the documentation lists them. */
  readonly options?: readonly string[]
  /** Whether another value makes another resource. */
  readonly forcesNew?: true
}

export interface NestedBlock {
  readonly isRequired: boolean
  /** Whether there may be more than one. */
  readonly isRepeated: boolean
  readonly block: Block
}

export interface Block {
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly blocks: Readonly<Record<string, NestedBlock>>
}

export interface ProviderSchema {
  readonly provider: Block
  readonly resources: Readonly<Record<string, Block>>
  readonly data: Readonly<Record<string, Block>>
  readonly ephemeral: Readonly<Record<string, Block>>
}

/** Reports whether Terraform hands the value on without keeping it; the providers name such arguments so. */
export function isWriteOnly(name: string): boolean {
  return name.endsWith('_wo')
}

/** The type of what a reference to a whole block reads. */
export function typeOfBlock({ attributes, blocks }: Block): AttributeType {
  const members: [string, AttributeType][] = [
    ...Object.entries(attributes).map(([name, { type }]): [string, AttributeType] => [name, type]),
    ...Object.entries(blocks).map(([name, { block }]): [string, AttributeType] => [
      ...([name, ['list', typeOfBlock(block)]] as const),
    ]),
  ]
  return ['object', Object.fromEntries(members)]
}
