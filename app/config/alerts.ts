// Who is told that a limit of spend comes near: from which shares of it on, and where.
import { z } from 'zod'
import { missing } from './findings.ts'
import { isLoopbackUrl } from './operator-url.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import { choice, closed, scalar, text, Unfit } from './scalar.ts'
import { collectorHeaders } from './telemetry.ts'
import type { Tree } from './tree.ts'
import { parseHttpUrl } from './url.ts'

/** Shares of a cap at which alerts are raised, as decimal text without trailing zeros: `0.5`, `1`. */
export const AlertShares = z
  .array(share())
  .max(20, { error: 'has more than 20 shares.' })
  .default(['0.5', '0.8', '0.9', '1'])

/** Where alerts are sent, each as one signed request. */
export const AlertWebhook = closed({
  /** Many a receiver's URL is its credential, so it is treated as a secret; it may have a query. */
  url: webhookUrl(),
  secret: signingSecret().optional(),
  /** `slack`: a text that Slack, and whoever takes the same, shows as it is. */
  format: choice(['json', 'slack']).default('json'),
  headers: collectorHeaders(name => /^gatehouse-/i.test(name)),
})

/** `gatehouse.spend.alert_webhook`, defaults filled in. */
export type AlertWebhookConfig = z.infer<typeof AlertWebhook>

/** As written in the file: no binary fraction touches what is multiplied with money. */
function share(): z.ZodType<string> {
  const needs = 'a share above 0 and up to 1, as a plain decimal of at most 4 places'
  return scalar(input => {
    if (typeof input !== 'string') return new Unfit(needs)
    if (/^[1-9][0-9]?$|^100$/.test(input) && input !== '1') return new Unfit(needs, 'write 0.8 for 80 %.')
    if (!/^(0\.[0-9]{1,4}|1(\.0{1,4})?)$/.test(input) || !/[1-9]/.test(input)) return new Unfit(needs)
    return input.includes('.') ? input.replace(/\.?0+$/, '') : input
  })
}

function webhookUrl(): z.ZodType<string> {
  return text(value => {
    const url = parseHttpUrl(value)
    if (url === null) return new Unfit('an http or https URL', 'write it with its scheme.')
    if (url.username !== '' || url.password !== '') return new Unfit('a URL without user info')
    return value.includes('#') ? new Unfit('a URL without a fragment') : undefined
  })
}

function signingSecret(): z.ZodType<string> {
  return text(value =>
    value.length < 32 ? new Unfit('at least 32', 'generate one with `openssl rand -base64 32`.') : undefined,
  )
}

const SPEND: Path = ['gatehouse', 'spend']
const WEBHOOK: Path = [...SPEND, 'alert_webhook']

/** What alerts need beside their own keys. */
export const alertRules: Rule = (tree, facts) => [
  ...repeatedShares(tree),
  ...(tree.has(...WEBHOOK) ? webhookFindings(tree, facts.environment.allowLoopback) : []),
]

function repeatedShares(tree: Tree): Finding[] {
  const seen = new Set<string>()
  return tree.items(...SPEND, 'alerts').flatMap((path): Finding[] => {
    const parsed = share().safeParse(tree.text(...path))
    if (!parsed.success) return []
    if (seen.has(parsed.data)) return [{ path, text: 'is there already.', fix: 'remove it.' }]
    seen.add(parsed.data)
    return []
  })
}

function webhookFindings(tree: Tree, allowLoopback: boolean): Finding[] {
  const findings: Finding[] = []
  if (!tree.has('admin')) {
    const text = 'needs the section admin: without it nothing is metered.'
    findings.push({ path: WEBHOOK, at: 'key', text, fix: 'add admin, or remove it.' })
  }
  if (tree.text(...WEBHOOK, 'format') !== 'slack' && !tree.has(...WEBHOOK, 'secret')) {
    findings.push(missing([...WEBHOOK, 'secret'], 'the receiver could not tell whose alerts they are.'))
  }
  return [...findings, ...schemeFindings(tree, allowLoopback)]
}

function schemeFindings(tree: Tree, allowLoopback: boolean): Finding[] {
  const path = [...WEBHOOK, 'url']
  const url = parseHttpUrl(tree.text(...path) ?? '')
  if (url === null || url.protocol === 'https:' || (isLoopbackUrl(url) && allowLoopback)) return []
  if (isLoopbackUrl(url)) return [] // the rule for all operator URLs says which variable allows it
  return [{ path, text: 'carries alerts in clear text.', fix: 'use https.' }]
}

/** A webhook that is never called. */
export const alertWarnings: Rule = tree => {
  const shares = tree.node([...SPEND, 'alerts'])
  if (!tree.has(...WEBHOOK) || shares?.kind !== 'list' || shares.items.length > 0) return []
  return [{ path: WEBHOOK, at: 'key', text: 'gets nothing: gatehouse.spend.alerts is empty.' }]
}
