// Where a client learns how to sign in here.
import type { RouteOptions } from 'fastify'

export interface MetadataOptions {
  readonly publicUrl: string
  /** Whether `/oauth/revoke` is served and advertised. */
  readonly revocation: boolean
}

/**
 * `GET /.well-known/oauth-authorization-server` (RFC 8414): where a client signs in.
 *
 * It has no `authorization_endpoint` on purpose: a terminal has no redirect URI. Every address comes from
 * `publicUrl`; nothing a request carries can change one.
 */
export function metadata({ publicUrl, revocation }: MetadataOptions): RouteOptions {
  const document = {
    issuer: publicUrl,
    device_authorization_endpoint: `${publicUrl}/oauth/device_authorization`,
    token_endpoint: `${publicUrl}/oauth/token`,
    ...(revocation && { revocation_endpoint: `${publicUrl}/oauth/revoke` }),
    grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['none'],
    ...(revocation && { revocation_endpoint_auth_methods_supported: ['none'] }),
    scopes_supported: ['openid', 'profile', 'email'],
    gateway_protocol_version: 1,
  }
  // Bytes, because Fastify would add a charset to a string's type; JSON has none (RFC 8259 section 11).
  const body = Buffer.from(JSON.stringify(document))
  return {
    method: 'GET',
    url: '/.well-known/oauth-authorization-server',
    config: { envelope: 'oauth', takesHead: true },
    handler: (_request, reply) =>
      reply.type('application/json').headers({ 'cache-control': 'no-cache', pragma: 'no-cache' }).send(body),
  }
}
