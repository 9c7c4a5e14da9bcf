import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
// Not the package's entry: that one prints a warning under every Node.js release without long-term support.
import { base, Check } from 'oidc-provider/lib/helpers/interaction_policy/index.js'
import { type Context, Provider } from 'oidc-provider/lib/provider.js'
import { html, pageHeaders, pageText } from '../http/page.ts'
import { createIdentityProviderStore } from './identity-provider-store.ts'

/** A real OpenID provider on a free loopback port, for development and tests. */
export interface IdentityProvider extends AsyncDisposable {
  readonly issuer: string
}

/** Somebody who can sign in there, by address and password. */
export interface Resident {
  readonly email: string
  readonly password: string
  readonly role: string
  readonly groups: readonly string[]
  /** Default true. */
  readonly email_verified?: boolean
}

export interface IdentityProviderOptions {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly people: readonly Resident[]
  /** Whether id_tokens carry every claim, as most companies set it up. Default true; else userinfo tells them. */
  readonly fatIdTokens?: boolean
  /** Whether each refresh replaces the refresh token, and reuse ends the session. Default true. */
  readonly rotateRefreshTokens?: boolean
}

const MAX_FORM_BYTES = 4096
const HOUR = 3600
const DAY = 24 * HOUR

export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${portOf(server)}`
  const provider: Provider = new Provider(
    issuer,
    configurationFor(options, () => provider),
  )
  const serveProtocol = provider.callback()
  server.on('request', (request, response) => {
    const isLogin = request.url?.startsWith('/interaction/') === true
    const serving = isLogin
      ? serveLogin({ provider, request, response }, options)
      : serveProtocol(request, response)
    serving.catch(() =>
      response.writeHead(400, { 'content-type': 'text/plain' }).end('This sign-in is not open any more.'),
    )
  })
  return {
    issuer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function configurationFor(options: IdentityProviderOptions, provider: () => Provider): object {
  return {
    adapter: createIdentityProviderStore(),
    clients: [clientOf(options)],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    conformIdTokenClaims: options.fatIdTokens === false,
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
    findAccount: (_context: Context, id: string) => accountOf(options.people, id),
    interactions: {
      policy: askEachTime(),
      url: (_context: Context, { uid }: { uid: string }) => `/interaction/${uid}`,
    },
    // OIDC Core section 11 wants prompt=consent for offline_access; most companies' providers do not insist.
    expiresWithSession: () => false,
    issueRefreshToken: () => true,
    jwks: { keys: [signingKey()] },
    loadExistingGrant: (context: Context) => grantFor(context, provider()),
    pkce: { required: () => true },
    renderError(context: Context, { error }: { error: string }) {
      context.type = 'text'
      context.body = `The identity provider refused the request: ${error}`
    },
    rotateRefreshToken: options.rotateRefreshTokens !== false,
    ttl: {
      ...{ AccessToken: HOUR, AuthorizationCode: 60, IdToken: HOUR, Interaction: HOUR },
      ...{ Grant: 30 * DAY, RefreshToken: 30 * DAY, Session: DAY },
    },
  }
}

function clientOf(options: IdentityProviderOptions): object {
  return {
    client_id: options.clientId,
    client_secret: options.clientSecret,
    redirect_uris: [options.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
  }
}

// Whoever tries the sample people wants to choose each time, whatever the browser remembers.
function askEachTime(): object {
  const policy = base()
  const isUnanswered = ({ oidc }: Context) => oidc.result?.login === undefined
  policy.get('login').checks.add(new Check('ask', 'each sign-in asks who it is', isUnanswered))
  return policy
}

function accountOf(people: readonly Resident[], id: string): object | undefined {
  const person = people.find(({ email }) => email === id)
  return (
    person && {
      accountId: id,
      claims: () => ({
        sub: person.email,
        email: person.email,
        email_verified: person.email_verified ?? true,
        name: nameOf(person),
        groups: person.groups,
      }),
    }
  )
}

// Nobody is asked for consent: the company decided for its people.
async function grantFor({ oidc }: Context, { Grant }: Provider) {
  const { clientId } = oidc.client
  const known = oidc.result?.consent?.grantId ?? oidc.session.grantIdFor(clientId)
  const existing = known === undefined ? undefined : await Grant.find(known)
  if (existing) return existing
  const grant = new Grant({ clientId, accountId: oidc.session.accountId })
  grant.addOIDCScope(oidc.params.scope ?? 'openid')
  await grant.save()
  return grant
}

interface Visit {
  readonly provider: Provider
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function serveLogin(
  { provider, request, response }: Visit,
  options: IdentityProviderOptions,
): Promise<void> {
  await provider.interactionDetails(request, response) // throws when no sign-in waits for this browser
  if (request.method !== 'POST') return sendLoginPage(response, options, null)
  const form = await readForm(request)
  const login = form.get('login') ?? ''
  const person = options.people.find(
    ({ email, password }) => email === login && password === form.get('password'),
  )
  if (!person) return sendLoginPage(response, options, login)
  await provider.interactionFinished(request, response, { login: { accountId: person.email } })
}

function sendLoginPage(
  response: ServerResponse,
  { redirectUri }: IdentityProviderOptions,
  refused: string | null,
): void {
  const body = html`<h1>Sign in</h1>
<p>This is the identity provider of Gatehouse's development mode. It knows the sample people only.</p>
${refused !== null && html`<p class="alert" role="alert">Address and password do not belong together.</p>`}
<form method="post" action="">
<label for="login">Address</label>
<input id="login" name="login" type="email" autocomplete="username" required value="${refused}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Sign in</button>
</form>`
  const formAction = ["'self'", new URL(redirectUri).origin]
  response.writeHead(200, pageHeaders(formAction)).end(pageText({ title: 'Sign in', body }))
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > MAX_FORM_BYTES) throw new RangeError('the form is too long')
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

function signingKey(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    ...privateKey.export({ format: 'jwk' }),
    use: 'sig',
    alg: 'RS256',
    kid: randomBytes(8).toString('hex'),
  }
}

function nameOf({ email }: Resident): string {
  const first = email.split('@')[0] ?? email
  return first.charAt(0).toUpperCase() + first.slice(1)
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the identity provider got no port')
  return address.port
}
