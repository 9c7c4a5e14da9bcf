// The real oidc-provider package on a free loopback port, with people who have passwords.
import {
  type IdentityProvider,
  type IdentityProviderOptions,
  type Resident,
  startIdentityProvider,
} from '../../app/development/identity-provider.ts'
import { CLIENT, REDIRECT_URI } from './idp-manners.ts'

export const ENGINEER: Resident = {
  email: 'erin@example.com',
  password: 'engineer',
  role: 'an engineer',
  groups: ['engineering'],
}

export function startOidcProvider(options: Partial<IdentityProviderOptions> = {}): Promise<IdentityProvider> {
  return startIdentityProvider({
    clientId: CLIENT.client_id,
    clientSecret: CLIENT.client_secret,
    redirectUri: REDIRECT_URI,
    people: [ENGINEER],
    ...options,
  })
}
