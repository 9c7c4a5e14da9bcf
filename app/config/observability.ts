// The gateway's own metrics and traces: where they are read, and where they are sent.
import { z } from 'zod'
import { missing } from './findings.ts'
import { GoogleAuth, googleFindings } from './google-auth.ts'
import { isLoopbackBind } from './listen.ts'
import { isLoopbackUrl } from './operator-url.ts'
import type { Finding } from './problems.ts'
import type { Rule } from './rule.ts'
import { choice, closed, decimal, flag, matching, text, Unfit, whole } from './scalar.ts'
import { attributeValue, collectorHeaders } from './telemetry.ts'
import type { Tree } from './tree.ts'
import { baseUrl, parseHttpUrl } from './url.ts'

/** Up to 64 characters; no segment is empty or begins with a dot, so that no other spelling leads there. */
const PLAIN_PATH = /^(?=.{2,64}$)(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/

/** A page that Prometheus scrapes: on a listener of its own, or on a path of the gateway's. */
const Prometheus = closed({
  port: whole(0, 65_535).optional(),
  host: text().default('127.0.0.1'),
  path: matching(PLAIN_PATH, 'a path such as /metrics').optional(),
  bearer: bearer().optional(),
})

/** A collector of the gateway's own telemetry. */
const Otlp = closed({
  url: baseUrl(),
  headers: collectorHeaders(),
  auth: GoogleAuth.optional(),
  metrics: flag().default(true),
  traces: flag().default(false),
  interval_seconds: whole(10, 3600).default(60),
  /** The share of requests that are traced. */
  trace_ratio: decimal({ min: 0, max: 1 }).default(0.01),
})

/** What a scraper sends: it must fit into a header, and resist guessing. */
function bearer(): z.ZodType<string> {
  const fix = 'generate one with `openssl rand -base64 32`.'
  return text(value => {
    if (value.length < 32) return new Unfit('at least 32', fix)
    return /^[!-~]+$/.test(value) ? undefined : new Unfit('printable ASCII without a space', fix)
  })
}

/** `gatehouse.observability`; absent, nothing is measured. */
export const ObservabilitySection = closed({
  prometheus: Prometheus.optional(),
  otlp: Otlp.optional(),
  /** Beside service.name, service.version and service.instance.id. */
  resource_attributes: z
    .record(
      z.string().regex(/^(?!service\.(name|version|instance\.id)$)[A-Za-z0-9._-]+$/, {
        error: 'may hold letters, digits, `.`, `_` and `-` only, and is not one that the gateway sets',
      }),
      attributeValue(),
    )
    .default({}),
  /** Whether a client's `traceparent` becomes a link of the trace; it is never its parent. */
  client_traceparent: choice(['ignore', 'link']).default('ignore'),
})

/** `gatehouse.observability`, defaults filled in. */
export type ObservabilityConfig = z.infer<typeof ObservabilitySection>

const BLOCK = ['gatehouse', 'observability'] as const

/** What the gateway serves itself: a page of metrics cannot stand there. */
const SERVED = /^\/(healthz|readyz|health|ready|protocol|device|oauth|v1|managed|user|api|console)(\/|$)/

/** Who may read the metrics, and how they travel. */
export const observabilityRules: Rule = (tree, facts) => [
  ...prometheusFindings(tree),
  ...schemeFindings(tree, facts.environment.allowLoopback),
  ...googleFindings(tree, [...BLOCK, 'otlp']),
]

function prometheusFindings(tree: Tree): Finding[] {
  const at = [...BLOCK, 'prometheus']
  if (!tree.has(...at)) return []
  const findings: Finding[] = []
  const hasPort = tree.has(...at, 'port')
  const hasPath = tree.has(...at, 'path')
  if (!hasPort && !hasPath) {
    findings.push({ path: at, at: 'key', text: 'names neither port nor path.', fix: 'give port, or path.' })
  }
  if (hasPort && hasPath) {
    const text = 'cannot stand beside port, whose listener serves /metrics.'
    findings.push({ path: [...at, 'path'], at: 'key', text, fix: 'remove one of them.' })
  }
  if (!hasPort && tree.has(...at, 'host')) {
    const text = 'belongs to the listener that port opens.'
    findings.push({ path: [...at, 'host'], at: 'key', text, fix: 'give port, or remove it.' })
  }
  const needsBearer = hasPath || !isLoopbackBind(tree.text(...at, 'host') ?? '127.0.0.1')
  if (needsBearer && !tree.has(...at, 'bearer')) {
    const why = 'everybody who reaches the gateway could read its metrics.'
    findings.push(missing([...at, 'bearer'], why))
  }
  const path = tree.text(...at, 'path') ?? ''
  if (PLAIN_PATH.test(path) && SERVED.test(path)) {
    const text = 'is a path that the gateway serves itself.'
    findings.push({ path: [...at, 'path'], text, fix: 'choose another, such as /metrics.' })
  }
  return findings
}

function schemeFindings(tree: Tree, allowLoopback: boolean): Finding[] {
  const path = [...BLOCK, 'otlp', 'url']
  const url = parseHttpUrl(tree.text(...path) ?? '')
  if (url === null || url.protocol === 'https:' || (isLoopbackUrl(url) && allowLoopback)) return []
  if (isLoopbackUrl(url)) return [] // the rule for all operator URLs says which variable allows it
  return [{ path, text: 'carries telemetry in clear text.', fix: 'use https.' }]
}
