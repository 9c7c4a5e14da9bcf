import type { Json } from '../config/cli-settings.ts'

/**
 * The one text of a value: objects with their keys sorted by UTF-16 code unit at every level, lists in their order,
 * no white space, scalars as `JSON.stringify` writes them.
 */
export function canonical(value: Json): string {
  if (isList(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`)
  return `{${members.join(',')}}`
}

/** `Array.isArray`, which does not narrow read-only lists. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}
