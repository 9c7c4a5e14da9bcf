// What the operator reads when the identity provider fails, with the cure where there is one.
import { consequenceOf, factsOf, type IdpFailure } from './idp-failure.ts'
import type { SteadyLog } from './steady-log.ts'

const CURES: Readonly<Record<string, string>> = {
  invalid_client: 'check oidc.client_id, its secret or certificate, and oidc.token_endpoint_auth_method',
  unauthorized_client: 'allow this client the grants authorization_code and refresh_token',
  invalid_scope: 'set oidc.scopes to scopes that this client may ask for',
  invalid_grant:
    'check that the clocks agree and that the registered redirect URI is the public URL + /oauth/callback',
}

/**
 * Tells the operator that the identity provider failed `during` something.
 *
 * An answer that says the registration is wrong is an error, since only a person can mend it.
 */
export function tellTrouble(failure: IdpFailure, during: string, log: SteadyLog): void {
  const { step, answer } = factsOf(failure)
  const detail = failure.fault.kind === 'error' && failure.fault.detail ? ` ${failure.fault.detail}` : ''
  const cure = CURES[answer]
  const text = `oidc: the identity provider failed ${during}: ${step}: ${answer}${detail}${cure ? `: ${cure}` : ''}`
  if (consequenceOf(failure.fault) === 'misconfigured') log.error(text)
  else log.warn(text)
}
