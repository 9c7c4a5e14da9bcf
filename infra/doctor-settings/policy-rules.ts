/** What an organisation policy lets through; `policies.getEffectivePolicy` has evaluated conditions and inheritance. */
import { z } from 'zod'

export const EffectivePolicy = z.object({
  spec: z
    .object({
      rules: z
        .array(
          z.object({
            enforce: z.boolean().optional(),
            denyAll: z.boolean().optional(),
            values: z
              .object({
                allowedValues: z.array(z.string()).default([]),
                deniedValues: z.array(z.string()).default([]),
              })
              .optional(),
          }),
        )
        .default([]),
    })
    .default({ rules: [] }),
})
export type EffectivePolicy = z.infer<typeof EffectivePolicy>

/** Reports whether a yes-or-no constraint is enforced. */
export function isEnforced({ spec }: EffectivePolicy): boolean {
  return spec.rules.some(({ enforce }) => enforce === true)
}

/** Reports whether a list constraint leaves anything out. */
export function isRestricted({ spec }: EffectivePolicy): boolean {
  return spec.rules.some(({ denyAll, values }) => denyAll === true || values !== undefined)
}

/**
 * Reports whether a list constraint lets `names` through: the same thing by its own name and by those of its groups.
 *
 * A denied value wins; where any value is allowed, one of the names must be among them.
 */
export function admits({ spec }: EffectivePolicy, names: readonly string[]): boolean {
  if (spec.rules.some(({ denyAll }) => denyAll === true)) return false
  const isNamed = (value: string) => names.includes(value.replace(/^is:/, ''))
  if (spec.rules.some(({ values }) => values?.deniedValues.some(isNamed))) return false
  const allowed = spec.rules.flatMap(({ values }) => values?.allowedValues ?? [])
  return allowed.length === 0 || allowed.some(isNamed)
}

/** The value groups among what is allowed, such as `in:eu-locations`: who is in them, only Google knows. */
export function allowedGroups({ spec }: EffectivePolicy): string[] {
  const allowed = spec.rules.flatMap(({ values }) => values?.allowedValues ?? [])
  return allowed.filter(value => value.startsWith('in:'))
}
