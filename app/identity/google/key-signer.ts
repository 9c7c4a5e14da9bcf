// Delegation with a key file, as the reference knows it. The file is read for each assertion, so a replaced one is used.
import { createPrivateKey } from 'node:crypto'
import { SignJWT } from 'jose'
import { z } from 'zod'
import type { ReadFile } from '../../config/expand.ts'
import type { Signer } from './delegated-token.ts'
import { GroupLookupFault } from './group-fault.ts'

const MAX_KEY_FILE_BYTES = 65_536

export function keySigner(path: string, readFile: ReadFile): Signer {
  return {
    account: async () => readKey(path, readFile).client_email,
    async sign(claims) {
      const { private_key: pem, private_key_id: kid } = readKey(path, readFile)
      const header = { alg: 'RS256', typ: 'JWT', ...(kid !== undefined && { kid }) }
      try {
        return await new SignJWT({ ...claims }).setProtectedHeader(header).sign(createPrivateKey(pem))
      } catch {
        throw unusable('its private_key is no RSA key') // the library's own words may quote the key
      }
    },
  }
}

const ServiceAccountKey = z.object({
  client_email: z.string().regex(/^[^\s@]+@[^\s@]+$/),
  private_key: z.string(),
  private_key_id: z.string().optional(),
})

function readKey(path: string, readFile: ReadFile): z.infer<typeof ServiceAccountKey> {
  const read = readFile(path, MAX_KEY_FILE_BYTES)
  if (read.kind === 'failed') throw unusable(`the key file cannot be read (${read.code})`)
  try {
    return ServiceAccountKey.parse(JSON.parse(read.bytes.toString('utf8')))
  } catch {
    throw unusable('the key file holds no service-account key in JSON')
  }
}

function unusable(detail: string): GroupLookupFault {
  return new GroupLookupFault({ reason: 'credentials_missing', step: 'credentials', detail })
}
