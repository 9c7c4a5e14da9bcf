import type { ForwardProxy } from '../config/forward-proxies.ts'

/** A forward proxy opened no tunnel. The message names the proxy without its credentials. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure'
  readonly code = 'ERR_FORWARD_PROXY'

  constructor({ host, port }: ForwardProxy, authority: string, what: string, cause?: unknown) {
    super(`the forward proxy ${host}:${port} opened no tunnel to ${authority}: ${what}`, { cause })
  }
}

/** What an answer to CONNECT that is no success says (RFC 9110 section 9.3.6). */
export function refusalOf(status: number): string {
  if (status === 407) return 'it wants other credentials (407)'
  if (status === 403) return 'it does not allow it (403)'
  return `it answered ${status}`
}
