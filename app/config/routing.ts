// How a replica chooses among the upstreams of a model, and what it remembers of them.
import { z } from 'zod'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import { closed, decimal, milliseconds, whole } from './scalar.ts'
import { upstreamName } from './upstream-rules.ts'

export const RoutingSection = closed({
  /** Failed attempts in a row that set an upstream aside for a model; 0 = never. */
  breaker_failures: whole(0, 1000).default(5),
  /** From then until one request may try it again. */
  breaker_open_seconds: whole(1, 3600).default(30),
  /** The longest `retry-after` that is kept to; 0 = none is. */
  max_cooldown_seconds: whole(0, 3600).default(300),
  /** For streams, while another upstream is left. Unset: a minute, unless `timeouts.upstream_ttfb_ms` is set. */
  first_byte_ms: milliseconds(1).optional(),
  /** Repeated calls per request over ten seconds, at most. */
  retry_ratio: decimal({ min: 0, max: 1 }).default(0.2),
  /** So many in ten seconds are always allowed. */
  retry_floor: whole(0, 1000).default(10),
  /** How long a conversation stays with the upstream that holds its cache; 0 = not at all. */
  affinity_seconds: whole(0, 3600).default(300),
  /** Shares of new conversations by upstream. Unset: the order of the file. */
  weights: z.record(z.string(), whole(0, 1000)).optional(),
})

/** `gatehouse.routing`, defaults filled in. */
export type RoutingConfig = z.infer<typeof RoutingSection>

const WEIGHTS: Path = ['gatehouse', 'routing', 'weights']

/** Weights are for upstreams that there are, and somebody gets the requests. */
export const routingRules: Rule = tree => {
  if (!tree.has(...WEIGHTS)) return []
  const known = new Set(tree.items('upstreams').map(path => upstreamName(tree, path)))
  const names = tree.keys(...WEIGHTS)
  const findings = names
    .filter(name => !known.has(name))
    .map((name): Finding => {
      const text = 'no upstream has this name.'
      return { path: [...WEIGHTS, name], at: 'key', text, fix: 'write the name of an entry of upstreams.' }
    })
  if (names.every(name => tree.number(...WEIGHTS, name) === 0)) {
    const text = 'gives nobody a share.'
    findings.push({
      path: WEIGHTS,
      at: 'key',
      text,
      fix: 'give one upstream a weight above 0, or remove it.',
    })
  }
  return findings
}
