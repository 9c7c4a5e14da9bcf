import type { RoutingConfig } from '../config/routing.ts'

/** The configured routing in sentences. */
export function routingLines({ weights, ...routing }: RoutingConfig): string[] {
  const { affinity_seconds: affinity, breaker_failures: failures, breaker_open_seconds: open } = routing
  const cooldown = routing.max_cooldown_seconds
  const shares = Object.entries(weights ?? {}).map(([name, weight]) => `${name} ${weight}`)
  return [
    weights === undefined
      ? 'models are asked for in the order above'
      : `new conversations are spread by weights (${shares.join(', ')}); failovers go in the order above`,
    affinity === 0
      ? 'conversations are not kept with the upstream that holds their cache'
      : `a conversation stays with the upstream that holds its cache, for ${affinity} s`,
    failures === 0
      ? 'no upstream is set aside for failing'
      : `after ${failures} failures in a row an upstream is set aside for a model, and tried again after ${open} s`,
    cooldown === 0 ? 'no retry-after is kept to' : `retry-after is kept to, up to ${cooldown} s`,
    'what is set aside at the moment each replica knows for itself: see its metrics and its log',
  ]
}
