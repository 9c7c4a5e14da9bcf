// Whether a connection goes through a forward proxy, and what the proxy is told (H-33, H-37, H-38).
import { type ForwardProxies, type ForwardProxy, proxyFor } from '../config/forward-proxies.ts'

/**
 * What a forward proxy is for connections of one kind.
 *
 * `never`: they go out directly. `at_boundary`: so they do, unless the proxy is the only way out. `by_address`: the name
 * is resolved and judged here, and the proxy is told the address; at a boundary it is told the name. `by_name`: the
 * proxy is told the name, and resolves it.
 */
export type ProxyUse = 'never' | 'at_boundary' | 'by_address' | 'by_name'

/** What `oidc.use_proxy` says; undefined leaves it to the purpose. */
export function idpProxyUse(use_proxy: boolean | undefined): ProxyUse | undefined {
  if (use_proxy === undefined) return undefined
  return use_proxy ? 'by_address' : 'never'
}

/** The way of one connection. */
export type Way =
  | { readonly kind: 'direct' }
  | { readonly kind: 'tunnel'; readonly proxy: ForwardProxy; readonly resolves: 'here' | 'proxy' }

export interface Target {
  readonly protocol: string
  readonly host: string
  readonly port: number
}

const DIRECT: Way = { kind: 'direct' }

/** Decides the way. A target that is written as loopback is this machine, which no proxy can reach. */
export function wayTo(
  target: Target & { readonly isLoopback: boolean },
  use: ProxyUse,
  proxies: ForwardProxies,
): Way {
  const isUsed = use === 'by_address' || use === 'by_name' || (use === 'at_boundary' && proxies.isBoundary)
  if (!isUsed || target.isLoopback) return DIRECT
  const proxy = proxyFor(proxies, target)
  if (proxy === null) return DIRECT
  return { kind: 'tunnel', proxy, resolves: use === 'by_name' || proxies.isBoundary ? 'proxy' : 'here' }
}
