// One schema for a whole stack: Google's from the installed bindings, and the other provider's.
import { Bindings } from './bindings.ts'
import { providerSchema } from './provider-schema.ts'
import { RANDOM_SCHEMA } from './random-schema.ts'
import type { ProviderSchema } from './schema.ts'
import type { StackJson } from './stack-json.ts'

/** The schema of the Google provider, for all types that `stacks` use. */
export function googleSchema(...stacks: readonly StackJson[]): ProviderSchema {
  const types = (kind: 'resource' | 'data') => [
    ...new Set(stacks.flatMap(stack => Object.keys(stack[kind] ?? {}))),
  ]
  return providerSchema(new Bindings(), { resources: types('resource'), data: types('data') })
}

/** With the ephemeral resources of the other provider. */
export function stackSchema(...stacks: readonly StackJson[]): ProviderSchema {
  return { ...googleSchema(...stacks), ephemeral: RANDOM_SCHEMA.ephemeral }
}
