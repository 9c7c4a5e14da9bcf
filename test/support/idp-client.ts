// How the loopback identity provider checks that the gateway is the registered client.
import { createHash, X509Certificate } from 'node:crypto'
import { jwtVerify } from 'jose'

export interface RegisteredClient {
  readonly client_id: string
  readonly client_secret: string
  /** Of the client that signs its assertions. */
  readonly certificate_pem: string | null
  /** The methods that are accepted. */
  readonly methods: readonly string[]
  readonly token_endpoint: string
}

/** The method by which a request proved to be the client's, or null. */
export async function clientMethod(
  authorization: string | undefined,
  form: URLSearchParams,
  client: RegisteredClient,
): Promise<string | null> {
  const method = await presentedMethod(authorization, form, client)
  return method !== null && client.methods.includes(method) ? method : null
}

async function presentedMethod(
  authorization: string | undefined,
  form: URLSearchParams,
  client: RegisteredClient,
): Promise<string | null> {
  if (authorization?.startsWith('Basic ')) {
    const [id, secret] = Buffer.from(authorization.slice(6), 'base64').toString().split(':')
    const isClient = decode(id) === client.client_id && decode(secret) === client.client_secret
    return isClient && !form.has('client_secret') ? 'client_secret_basic' : null
  }
  if (form.get('client_id') !== client.client_id) return null
  if (form.has('client_secret'))
    return form.get('client_secret') === client.client_secret ? 'client_secret_post' : null
  return (await isAssertion(form, client)) ? 'private_key_jwt' : null
}

const spentAssertions = new Set<string>()

/** As Entra checks one: the key is found by the certificate's thumbprint, and an assertion works once. */
async function isAssertion(form: URLSearchParams, client: RegisteredClient): Promise<boolean> {
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  if (form.get('client_assertion_type') !== type || client.certificate_pem === null) return false
  const certificate = new X509Certificate(client.certificate_pem)
  const thumbprint = (hash: string) => createHash(hash).update(certificate.raw).digest('base64url')
  try {
    const { payload, protectedHeader } = await jwtVerify(
      form.get('client_assertion') ?? '',
      certificate.publicKey,
      {
        ...{ algorithms: ['RS256'], audience: client.token_endpoint, requiredClaims: ['jti', 'exp', 'iat'] },
        ...{ issuer: client.client_id, subject: client.client_id },
      },
    )
    const header: Readonly<Record<string, unknown>> = protectedHeader
    const isNamed = header['x5t'] === thumbprint('sha1') && header['x5t#S256'] === thumbprint('sha256')
    const isShort = Number(payload.exp) - Number(payload.iat) <= 300
    const isFresh = !spentAssertions.has(String(payload.jti))
    spentAssertions.add(String(payload.jti))
    return isNamed && isShort && isFresh && !('kid' in header)
  } catch {
    return false
  }
}

// RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
function decode(text = ''): string {
  return decodeURIComponent(text.replaceAll('+', '%20'))
}
