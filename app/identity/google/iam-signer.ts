// Keyless delegation: IAM Credentials signs with the key that Google holds for the account, and no key leaves Google.
import { z } from 'zod'
import type { GoogleApis } from '../../net/google-apis.ts'
import { askApi, type Bearer } from './asking.ts'
import type { Signer } from './delegated-token.ts'
import { GroupLookupFault, malformedFault } from './group-fault.ts'

export interface IamSignerOptions {
  readonly apis: Pick<GoogleApis, 'signJwt'>
  /** The service's own credentials, which need `iam.serviceAccounts.signJwt` on the account, even on themselves. */
  readonly own: Bearer
  account(): Promise<string>
}

export function iamSigner({ apis, own, account }: IamSignerOptions): Signer {
  return {
    account,
    async sign(claims, patience) {
      const asked = { account: claims.iss, payload: JSON.stringify(claims) }
      const body = await askApi('signJwt', call => apis.signJwt(asked, call), { token: own, patience })
      const signed = Signed.safeParse(body)
      if (!signed.success) throw new GroupLookupFault(malformedFault('signJwt', 'no_jwt'))
      return signed.data.signedJwt
    },
  }
}

/** A compact JWS, such as `eyJhbGciOi.eyJpc3Mi.c2ln`. */
const Signed = z.object({ signedJwt: z.string().regex(/^[\w-]+\.[\w-]+\.[\w-]+$/) })
