import type { Identity } from '../identity/identity.ts'

/**
 * The headers that tell a proxy of the operator's who asks; they are never taken from a client.
 *
 * `x-litellm-end-user-id` is the one LiteLLM counts by (its documentation, "Customers / End-User Budgets").
 */
export function userIdentityHeaders(identity: Identity): string[] {
  const headers = ['x-claude-gateway-user-id', printableAscii(identity.sub)]
  if (identity.email !== undefined) {
    const email = printableAscii(identity.email)
    headers.push('x-claude-gateway-user-email', email, 'x-litellm-end-user-id', email)
  }
  return headers
}

/** A value that is not printable ASCII as its UTF-8, percent-encoded where it has to be. */
function printableAscii(value: string): string {
  if (/^[!-~]([ -~]*[!-~])?$/.test(value)) return value
  return value.toWellFormed().replace(/[^!-$&-~]/gu, encodeURIComponent)
}
