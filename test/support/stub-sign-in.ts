// An identity provider's leg that says yes, for tests whose subject is the gateway's own pages.
import type { SignIn, SignInOutcome } from '../../app/identity/sign-in.ts'

export const AUTHORIZATION_ENDPOINT = 'https://idp.example/authorize?tenant=t1'

/** A leg whose every completion ends in `outcome`. */
export function stubSignIn(outcome: SignInOutcome = YES): SignIn {
  return {
    authorizationEndpoint: AUTHORIZATION_ENDPOINT,
    authorizationUrl: async ({ state, nonce }) => {
      const url = new URL(AUTHORIZATION_ENDPOINT)
      url.searchParams.set('state', state)
      url.searchParams.set('nonce', nonce)
      return url.href
    },
    complete: async () => outcome,
    renew: () => Promise.reject(new Error('no session is renewed here')),
    revoke: () => Promise.reject(new Error('nothing is revoked here')),
  }
}

const YES: SignInOutcome = {
  kind: 'signed_in',
  identity: { sub: 'u-ada', email: 'ada@example.com' },
  refreshToken: 'idp refresh token',
  groupsStale: false,
}
