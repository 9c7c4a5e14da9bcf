import type { Provider } from '../../config/upstreams.ts'
import type { DispatcherOptions } from '../../net/network.ts'

/** What a forward proxy is told of an upstream: of a cloud's its name; else what the purpose says (H-33). */
export function upstreamProxy(provider: Provider): DispatcherOptions['proxy'] {
  return provider === 'anthropic' ? undefined : 'by_name'
}
