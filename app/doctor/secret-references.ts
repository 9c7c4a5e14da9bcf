// Where the secrets come from. That each could be read is proven: the file would not have loaded otherwise.
import type { Config } from '../config/config.ts'
import { type Check, ok } from './check.ts'

export const secretReferences: Check = {
  id: 'secrets',
  async examine({ config }) {
    return ok(`every reference of the file was read; ${signingKeys(config)}`)
  },
}

function signingKeys({ session }: Config): string {
  const { length } = session.jwt_secret
  return length === 1 ? 'one signing key' : `${length} signing keys: the first signs, all verify`
}
