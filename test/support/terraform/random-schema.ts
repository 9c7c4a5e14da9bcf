import type { ProviderSchema } from './schema.ts'

/**
 * What the stack uses of the `random` provider, which has no bindings here: the ephemeral `random_password`
 * (https://registry.terraform.io/providers/hashicorp/random/3.7.2/docs/ephemeral-resources/password).
 */
export const RANDOM_SCHEMA: ProviderSchema = {
  provider: { attributes: {}, blocks: {} },
  resources: {},
  data: {},
  ephemeral: {
    random_password: {
      attributes: {
        length: { type: 'number', use: 'required' },
        lower: { type: 'bool', use: 'optional' },
        min_lower: { type: 'number', use: 'optional' },
        min_numeric: { type: 'number', use: 'optional' },
        min_special: { type: 'number', use: 'optional' },
        min_upper: { type: 'number', use: 'optional' },
        numeric: { type: 'bool', use: 'optional' },
        override_special: { type: 'string', use: 'optional' },
        special: { type: 'bool', use: 'optional' },
        upper: { type: 'bool', use: 'optional' },
        bcrypt_hash: { type: 'string', use: 'computed' },
        result: { type: 'string', use: 'computed' },
      },
      blocks: {},
    },
  },
}
