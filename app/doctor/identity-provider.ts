// Whether people can be signed in: discovery, keys, the registered redirect URI, and refresh tokens.

import { DiscoveryError } from '../identity/discovery.ts'
import { openSignIn } from '../identity/open-sign-in.ts'
import { silentLog } from '../lib/log.ts'
import { type Check, type Examination, fail, ok, type Verdict, warn } from './check.ts'

export const identityProvider: Check = {
  id: 'idp',
  async examine(examination) {
    const { config, clock } = examination
    const { oidc, listen } = config
    try {
      const signIn = await openSignIn({
        ...{ oidc, clock, publicUrl: listen.public_url, fetch: examination.transport('idp'), log: silentLog },
        ...{ groupLookup: null, namesGroups: false, priorityGroups: [], timing: { bootPauseMs: 0 } },
      })
      const request = {
        state: 'doctor',
        nonce: 'doctor',
        codeVerifier: oidc.use_pkce ? 'doctor'.repeat(8) : null,
      }
      const redirect = await redirectVerdict(await signIn.authorizationUrl(request), examination)
      return [redirect, ...refreshVerdicts(examination)]
    } catch (error) {
      if (!(error instanceof DiscoveryError)) throw error
      const [evidence = '', fix = 'check oidc.issuer'] = error.message.split(' Fix: ')
      return fail(evidence, fix)
    }
  },
}

/** What a provider says of a redirect URI that it does not know: to the browser, with a status of 400 or a page about it. */
const MISMATCH = /redirect_uri/i

async function redirectVerdict(url: string, { config, transport }: Examination): Promise<Verdict> {
  const redirectUri = `${config.listen.public_url}/oauth/callback`
  const { issuer } = config.oidc
  const answer = await asBrowser(transport('idp'), url)
  if (answer.status >= 400 && MISMATCH.test(answer.text))
    return fail(
      `${issuer} does not know the redirect URI`,
      `register ${redirectUri} for the client, letter by letter`,
    )
  if (answer.status >= 400)
    return warn(
      `${issuer} refuses an authorization request (${answer.status})`,
      `check client_id and scopes, and that ${redirectUri} is registered`,
    )
  return ok(`discovery and keys of ${issuer} are there; ${redirectUri} is not refused`)
}

/** A redirect is an answer here: it leads to a sign-in page, or says what is wrong. */
async function asBrowser(
  ask: typeof globalThis.fetch,
  url: string,
): Promise<{ status: number; text: string }> {
  try {
    const response = await ask(url)
    return { status: response.status, text: await response.text() }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_UNEXPECTED_REDIRECT')
      return { status: 302, text: '' }
    throw error
  }
}

/** Google gives refresh tokens for other words than everybody else. */
function refreshVerdicts({ config: { oidc } }: Examination): Verdict[] {
  const isGoogle = new URL(oidc.issuer).hostname === 'accounts.google.com'
  const { access_type, prompt } = oidc.extra_auth_params
  if (isGoogle && (access_type !== 'offline' || prompt !== 'consent')) {
    const fix = 'set oidc.extra_auth_params: { access_type: offline, prompt: consent }'
    return [warn('Google gives no refresh token: people sign in anew every session.ttl_hours', fix)]
  }
  if (!isGoogle && !oidc.scopes.includes('offline_access'))
    return [
      warn(
        'oidc.scopes has no offline_access: there are no refresh tokens',
        'add offline_access to oidc.scopes',
      ),
    ]
  return []
}
