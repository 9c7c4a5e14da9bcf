// What a forward proxy does not do unless the file says so.
import { proxyFor } from './forward-proxies.ts'
import { isLoopbackUrl } from './operator-url.ts'
import type { Rule } from './rule.ts'
import { parseHttpUrl } from './url.ts'

/** The identity provider is reached past a proxy that applies to it, until somebody chooses. */
export const proxyWarnings: Rule = (tree, { environment: { proxies } }) => {
  const issuer = parseHttpUrl(tree.text('oidc', 'issuer') ?? '')
  if (issuer === null || isLoopbackUrl(issuer) || tree.has('oidc', 'use_proxy') || proxies.isBoundary)
    return []
  const port = Number(issuer.port || (issuer.protocol === 'https:' ? 443 : 80))
  if (proxyFor(proxies, { protocol: issuer.protocol, host: issuer.hostname, port }) === null) return []
  const text = 'does not set use_proxy, and a forward proxy applies to the issuer: it is reached directly.'
  return [{ path: ['oidc'], at: 'key', text, fix: 'set use_proxy to true or to false.' }]
}
