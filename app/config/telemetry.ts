import { z } from 'zod'
import { GoogleAuth, googleFindings } from './google-auth.ts'
import { isLoopbackUrl } from './operator-url.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import { closed, flag, list, text, Unfit } from './scalar.ts'
import type { Tree } from './tree.ts'
import { headerName, headerValue } from './upstream-headers.ts'
import { baseUrl, parseHttpUrl } from './url.ts'

/** Headers that the relay and the connection set. */
const OWN_HEADERS = /^(host|content-.*|connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*)$/i

/** Attributes that clients stamp themselves: a constant here would hide who and what they are. */
const OWN_ATTRIBUTES =
  /^(user\..*|enduser\..*|identity\..*|service\.name|service\.version|claude\.deployment_mode|host\.arch|os\.type|os\.version|wsl\.version)$/i

/** Where clients' telemetry is relayed to. */
export const TelemetrySection = closed({
  forward_to: list(
    closed({
      /** A base: `/v1/<signal>` is appended. */
      url: baseUrl(),
      headers: collectorHeaders(),
      metrics: flag().default(true),
      logs: flag().default(false),
      traces: flag().default(false),
      auth: GoogleAuth.optional(),
    }),
  ).default([]),
  resource_attributes: z.record(attributeName(), attributeValue()).default({}),
})

/** `telemetry`, defaults filled in. */
export type TelemetryConfig = z.infer<typeof TelemetrySection>

/** Collectors are reached by https, and get one credential. */
export const telemetryRules: Rule = (tree, facts) =>
  tree
    .items('telemetry', 'forward_to')
    .flatMap(destination => [
      ...schemeFindings(tree, destination, facts.environment.allowLoopback),
      ...googleFindings(tree, destination),
    ])

function schemeFindings(tree: Tree, destination: Path, allowLoopback: boolean): Finding[] {
  const path = [...destination, 'url']
  const url = parseHttpUrl(tree.text(...path) ?? '')
  if (url === null || url.protocol === 'https:' || url.hostname === 'localhost') return []
  // A loopback literal without the variable is refused by the rule for all operator URLs.
  if (isLoopbackUrl(url) && (allowLoopback || url.hostname !== 'localhost')) return []
  return [{ path, text: 'carries telemetry in clear text.', fix: 'use https.' }]
}

/** Headers of the operator's for a collector, or for who else gets requests; `isReserved` names further ones that are ours. */
export function collectorHeaders(isReserved: (name: string) => boolean = () => false) {
  return z
    .record(
      headerName().refine(name => !OWN_HEADERS.test(name) && !isReserved(name), {
        error: 'is set by the gateway and cannot be replaced',
      }),
      headerValue(),
    )
    .default({})
}

function attributeName(): z.ZodString {
  return z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, { error: 'may hold letters, digits, `.`, `_` and `-` only' })
    .refine(name => !OWN_ATTRIBUTES.test(name), { error: 'is set by the client and cannot be replaced' })
}

/** The value of a resource attribute, which travels unencoded. */
export function attributeValue(): z.ZodType<string> {
  return text(value =>
    /^[!#$&-+\--:<>-[\]-~]+$/.test(value) && encodeURIComponent(value).length <= 255
      ? undefined
      : new Unfit('printable ASCII without space , ; = \\ " %, at most 255 characters when percent-encoded'),
  )
}
