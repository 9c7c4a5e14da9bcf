// The mode without delegation: the account itself holds the Workspace role Groups Reader, and acts as nobody else.
import { z } from 'zod'
import type { FetchedToken } from '../../lib/expiring-token.ts'
import type { GoogleApis } from '../../net/google-apis.ts'
import { askApi, type Bearer, type Patience } from './asking.ts'
import { GroupLookupFault, malformedFault } from './group-fault.ts'

export interface RoleTokenOptions {
  readonly apis: Pick<GoogleApis, 'generateAccessToken'>
  /** The service's own credentials, which need `iam.serviceAccounts.getAccessToken` on the account. */
  readonly own: Bearer
  /** The account that holds the role. */
  readonly account: string
  readonly scope: string
  readonly now: number
}

/** A token of `account` for one scope; rejects with GroupLookupFault. */
export async function roleToken(options: RoleTokenOptions, patience: Patience): Promise<FetchedToken> {
  const { apis, own, account, scope, now } = options
  const ask = { token: own, patience }
  const body = await askApi(
    'generateAccessToken',
    call => apis.generateAccessToken({ account, scope }, call),
    ask,
  )
  const granted = Granted.safeParse(body)
  if (!granted.success) throw new GroupLookupFault(malformedFault('generateAccessToken', 'no_token'))
  const { accessToken, expireTime } = granted.data
  return { token: accessToken, expiresIn: Math.max(0, (Date.parse(expireTime) - now) / 1000) }
}

const Granted = z.object({
  // What can stand in a header.
  accessToken: z.string().regex(/^[\x21-\x7e]+$/),
  expireTime: z.iso.datetime({ offset: true }),
})
