// The Terraform JSON of a stack, as far as checks read it.

export type Arguments = Readonly<Record<string, unknown>>
type ByName = Readonly<Record<string, Arguments>>

export interface StackJson {
  readonly terraform?: Arguments
  readonly provider?: Readonly<Record<string, readonly Arguments[]>>
  readonly resource?: Readonly<Record<string, ByName>>
  readonly data?: Readonly<Record<string, ByName>>
  readonly ephemeral?: Readonly<Record<string, ByName>>
  readonly output?: ByName
}

/** What a check found, where. */
export interface Finding {
  /** Such as `google_sql_user.database_iam-user`. */
  readonly address: string
  /** Such as `settings.ip_configuration`; empty for the whole. */
  readonly path: string
  readonly kind: string
  readonly text: string
}

/** One line for a report. */
export function spelled({ address, path, kind, text }: Finding): string {
  return `${address}${path === '' ? '' : ` ${path}`}: ${kind}: ${text}`
}

export interface Declared {
  readonly kind: 'resource' | 'data' | 'ephemeral'
  readonly type: string
  readonly name: string
  /** As references write it. */
  readonly address: string
  readonly block: Arguments
}

/** Everything that the stack declares and others may refer to. */
export function declared(stack: StackJson): Declared[] {
  return (['resource', 'data', 'ephemeral'] as const).flatMap(kind =>
    Object.entries(stack[kind] ?? {}).flatMap(([type, named]) =>
      Object.entries(named).map(([name, block]) => ({
        ...{ kind, type, name, block },
        address: `${kind === 'resource' ? '' : `${kind}.`}${type}.${name}`,
      })),
    ),
  )
}

/** The texts of a value at any depth. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}
