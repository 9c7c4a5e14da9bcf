import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  PrivateKeyJwt,
} from 'openid-client'
import type { IdpMetadata } from './metadata.ts'

/** How the gateway proves to the identity provider that it is the registered client. */
export interface ClientCredentials {
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly token_endpoint_auth_method?: ClientAuthenticationMethod | undefined
  readonly client_assertion?:
    | { readonly private_key_pem: string; readonly certificate_pem: string }
    | undefined
}

export type ClientAuthenticationMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

const ASSERTION_SECONDS = 60

/** The configured method; else `client_secret_post` when the provider lists it; else basic, OIDC's default. */
export function chooseMethod(
  credentials: ClientCredentials,
  metadata: IdpMetadata,
): ClientAuthenticationMethod {
  if (credentials.token_endpoint_auth_method) return credentials.token_endpoint_auth_method
  const advertised = metadata.token_endpoint_auth_methods_supported ?? []
  return advertised.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic'
}

export async function clientAuthentication(
  credentials: ClientCredentials,
  metadata: IdpMetadata,
): Promise<ClientAuth> {
  const method = chooseMethod(credentials, metadata)
  if (method === 'private_key_jwt') return certificateAssertion(credentials, metadata)
  if (credentials.client_secret === undefined)
    throw new TypeError(`oidc.client_secret is needed for ${method}`)
  return method === 'client_secret_post'
    ? ClientSecretPost(credentials.client_secret)
    : ClientSecretBasic(credentials.client_secret)
}

/**
 * RFC 7523 assertions that name their key by certificate, as Entra wants them: `x5t` (SHA-1) and `x5t#S256`,
 * no `kid`. A provider that knows only SHA-1 finds the first, FIPS builds the second.
 */
async function certificateAssertion(
  credentials: ClientCredentials,
  metadata: IdpMetadata,
): Promise<ClientAuth> {
  const { client_assertion: pems } = credentials
  if (!pems) throw new TypeError('oidc.client_assertion is needed for private_key_jwt')
  const key = createPrivateKey(pems.private_key_pem)
  const certificate = new X509Certificate(pems.certificate_pem)
  if (!certificate.checkPrivateKey(key))
    throw new TypeError('oidc.client_assertion: the certificate is of another key')
  const signingKey = key.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign'])
  return PrivateKeyJwt(signingKey, {
    [modifyAssertion]: (header, payload) => {
      delete header['kid']
      Object.assign(header, { typ: 'JWT', x5t: thumbprint('sha1'), 'x5t#S256': thumbprint('sha256') })
      payload['aud'] = metadata.token_endpoint
      payload['exp'] = Number(payload['iat']) + ASSERTION_SECONDS
    },
  })

  function thumbprint(algorithm: 'sha1' | 'sha256'): string {
    return createHash(algorithm).update(certificate.raw).digest('base64url')
  }
}
