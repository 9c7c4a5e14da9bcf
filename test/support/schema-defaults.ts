import { z } from 'zod'

/** What happens when a file does not give a key: `required`, `–` when it is then absent, or its default as YAML. */
export type Absence = string

/** Every key of a schema with what stands for it when a file is silent, in the order of the schema. */
export function schemaDefaults(schema: z.core.$ZodType, path: string): [string, Absence][] {
  if (schema instanceof z.ZodDefault) return [[path, yaml(schema.def.defaultValue)]]
  if (schema instanceof z.ZodPrefault) return schemaDefaults(schema.def.innerType, path)
  if (schema instanceof z.ZodOptional) {
    const inner = schema.def.innerType
    return inner instanceof z.ZodObject ? schemaDefaults(inner, path) : [[path, '–']]
  }
  if (!(schema instanceof z.ZodObject)) return [[path, 'required']]
  return Object.entries(schema.shape).flatMap(([key, inner]) => schemaDefaults(inner, `${path}.${key}`))
}

function yaml(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return `[${value.map(yaml).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).map(([key, inner]) => `${key}: ${yaml(inner)}`)
  return entries.length === 0 ? '{}' : `{${entries.join(', ')}}`
}
