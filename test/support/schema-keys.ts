import { z } from 'zod'

/** Every key that a schema knows, as the manual spells it: `upstreams[].auth.api_key`. Mappings with free names are one key. */
export function schemaKeys(schema: z.core.$ZodType, path: string): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return schemaKeys(schema.def.innerType, path)
  }
  if (schema instanceof z.ZodArray && isMapping(schema.element))
    return schemaKeys(schema.element, `${path}[]`)
  if (schema instanceof z.ZodUnion)
    return [...new Set(schema.options.flatMap(option => schemaKeys(option, path)))]
  if (!(schema instanceof z.ZodObject) || Object.keys(schema.shape).length === 0) return [path]
  return Object.entries(schema.shape).flatMap(([key, inner]) => schemaKeys(inner, `${path}.${key}`))
}

function isMapping(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodObject || schema instanceof z.ZodUnion
}
