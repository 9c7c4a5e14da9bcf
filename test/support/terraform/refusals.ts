import type { Block } from './schema.ts'
import type { Values } from './values.ts'

/** What a provider has against a configuration, as `summary` and `detail`. */
export interface Refusal {
  readonly summary: string
  readonly detail: string
}

/**
 * What Terraform leaves to the provider: values that only the provider sets, and choices.
 * The words are those of `helper/schema` in Terraform's plugin SDK.
 */
export function refusals(values: Values, schema: Block): Refusal[] {
  const own = Object.entries(schema.attributes).flatMap(([name, { use, options }]): Refusal[] => {
    const value = values[name] ?? null
    if (value === null) return []
    if (use === 'computed') {
      const detail = `Can't configure a value for "${name}": its value will be decided automatically.`
      return [{ summary: 'Value for unconfigurable attribute', detail }]
    }
    if (options === undefined || typeof value !== 'string') return []
    if (value === '' || options.includes(value)) return []
    const summary = `expected ${name} to be one of ${JSON.stringify(options)}, got ${value}`
    return [{ summary, detail: '' }]
  })
  const inner = Object.entries(schema.blocks).flatMap(
    ([name, { block }]) =>
      [values[name] ?? []]
        .flat()
        .filter(each => typeof each === 'object' && each !== null)
        .flatMap(each => refusals(each as Values, block)), // a block of the schema
  )
  return [...own, ...inner]
}
