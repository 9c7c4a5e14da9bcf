// Which headers pass between the client and an upstream: allow-lists one way, a strip list the other.
import type { IncomingHttpHeaders } from 'node:http'

type AnyHeaders = Readonly<Record<string, string | string[] | undefined>>

/** What one provider takes from the client. */
export interface HeaderRules {
  /** Whether the client's `content-type` is passed on; else it is `application/json`. */
  readonly takesContentType: boolean
  /** Whether `anthropic-*` headers are an open list; else only `anthropic-version` and `anthropic-beta` pass. */
  readonly takesOpenAnthropic: boolean
  /** Whether `x-stainless-*`, the SDK's facts about itself, are passed on. */
  readonly takesStainless: boolean
  /** Whether the client's `user-agent` goes before ours. */
  readonly takesUserAgent: boolean
  /** Our product token, such as `gatehouse/1.2.3`. */
  readonly product: string
  /** Betas that the credential needs; appended when the client did not send them. */
  readonly betas: readonly string[]
  /** Betas that go no further; the header goes with the last one (I-13). */
  readonly withoutBetas: readonly string[]
}

/** Names the member `tags` of a body; it goes where that member goes. */
export const REQUEST_TAGS_BETA = 'request-tags-2026-08-21'

/** Could choose who is billed, or how the upstream treats the caller. */
const REFUSED_ANTHROPIC = new Set([
  'anthropic-organization-id',
  'anthropic-workspace-id',
  'anthropic-dangerous-direct-browser-access',
])

/** The client's headers that go to an upstream that speaks the Messages API, as a flat list of names and values. */
export function requestHeaders(client: IncomingHttpHeaders, rules: HeaderRules): string[] {
  const contentType = rules.takesContentType ? client['content-type'] : undefined
  const flat = ['content-type', contentType ?? 'application/json', 'accept-encoding', 'identity']
  if (client.accept !== undefined) flat.push('accept', client.accept)
  const hops = namesListed(client.connection)
  for (const name in client) {
    if (!isOpen(name, rules) || hops?.has(name)) continue
    const value = client[name]
    if (typeof value === 'string') flat.push(name, value)
    else if (value !== undefined) flat.push(name, value.join(','))
  }
  const sent = withoutBetas(textOf(client['anthropic-beta']), rules.withoutBetas)
  const beta = withBetas(sent, rules.betas)
  if (beta !== undefined) flat.push('anthropic-beta', beta)
  const agent = client['user-agent']
  flat.push(
    'user-agent',
    rules.takesUserAgent && agent !== undefined ? `${agent} ${rules.product}` : rules.product,
  )
  return flat
}

function isOpen(name: string, rules: HeaderRules): boolean {
  if (name.startsWith('anthropic-')) {
    if (name === 'anthropic-beta') return false // added at the end, with the credential's
    if (!rules.takesOpenAnthropic) return name === 'anthropic-version'
    return !REFUSED_ANTHROPIC.has(name) && !name.startsWith('anthropic-ratelimit-')
  }
  return rules.takesStainless && name.startsWith('x-stainless-')
}

/** Adds those of `needed` that `sent` lacks; its own text and order stay as they are. */
function withBetas(sent: string | undefined, needed: readonly string[]): string | undefined {
  if (needed.length === 0) return sent
  const present = new Set(sent?.split(',').map(beta => beta.trim()))
  const missing = needed.filter(beta => !present.has(beta))
  if (missing.length === 0) return sent
  return sent === undefined || sent === '' ? missing.join(',') : `${sent},${missing.join(',')}`
}

/** Takes `dropped` out of `sent`, which stays as it is when it names none of them. */
function withoutBetas(sent: string | undefined, dropped: readonly string[]): string | undefined {
  if (sent === undefined || !dropped.some(beta => sent.includes(beta))) return sent
  const kept = sent
    .split(',')
    .map(beta => beta.trim())
    .filter(beta => beta !== '' && !dropped.includes(beta))
  return kept.length === 0 ? undefined : kept.join(',')
}

/** Hop-by-hop (RFC 9110 section 7.6.1), replaced by ours, or facts about the operator's account and network. */
const STRIPPED = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'content-length',
  'content-encoding',
  'request-id',
  'x-request-id',
  'via',
  'server',
  'set-cookie',
  'strict-transport-security',
  'alt-svc',
  'location',
  'anthropic-organization-id',
])

/** `access-control-`: the gateway sends no CORS header, and none of its upstreams' either (H-1). */
const STRIPPED_PREFIXES = ['anthropic-ratelimit-', 'proxy-', 'cf-', 'access-control-']

/** The head of an answer: `own` first, then what the upstream sent less the strip list, as a flat list. */
export function answerHeaders(upstream: AnyHeaders, own: Readonly<Record<string, string>>): string[] {
  const flat: string[] = []
  for (const name in own) flat.push(name, own[name]!) // a key of the loop
  const hops = namesListed(textOf(upstream['connection']))
  for (const name in upstream) {
    if (STRIPPED.has(name) || own[name] !== undefined || isStrippedPrefix(name) || hops?.has(name)) continue
    const value = upstream[name]
    if (typeof value === 'string') flat.push(name, value)
    else if (value !== undefined) for (const one of value) flat.push(name, one)
  }
  return flat
}

function isStrippedPrefix(name: string): boolean {
  for (const prefix of STRIPPED_PREFIXES) if (name.startsWith(prefix)) return true
  return false
}

/**
 * What a cloud's answer may tell a developer: an allow-list, for a cloud's other headers describe the operator (3.3).
 *
 * The length stays, for whoever frames the answer; it is stripped with the rest. An error may also say when to retry.
 */
export function cloudAnswerHeaders(
  upstream: AnyHeaders,
  { isError }: { isError: boolean },
): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of ['content-type', 'cache-control', 'content-length']) {
    const value = textOf(upstream[name])
    if (value !== undefined) kept[name] = value
  }
  if (!isError) return kept
  const retryAfter = textOf(upstream['retry-after'])
  if (retryAfter !== undefined && /^[0-9]{1,6}$/.test(retryAfter)) kept['retry-after'] = retryAfter
  const shouldRetry = textOf(upstream['x-should-retry'])
  if (shouldRetry === 'true' || shouldRetry === 'false') kept['x-should-retry'] = shouldRetry
  return kept
}

/** The header names that a `connection` header makes hop-by-hop, or null for none. */
function namesListed(connection: string | undefined): Set<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null
  return new Set(connection.split(',').map(name => name.trim().toLowerCase()))
}

/** One text of a header that may have come in several lines. */
export function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}
