// How the keys of one upstream go together, and the upstreams with each other.
import { missing } from './findings.ts'
import { nearest } from './nearest.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import type { Tree } from './tree.ts'
import { PROVIDERS } from './upstreams.ts'
import { parseHttpUrl } from './url.ts'

const NEEDED_PROVIDER = `one of ${PROVIDERS.join(', ')}`

const FEDERATION = ['federation_rule_id', 'organization_id', 'identity_token_file']
const FEDERATION_EXTRAS = ['workspace_id', 'service_account_id']
const AWS_KEYS = ['aws_access_key_id', 'aws_secret_access_key']

/** Each upstream by itself, then names (C-23), then guardrails (C-26). */
export const upstreamRules: Rule = tree => {
  const upstreams = tree.items('upstreams')
  return [
    ...upstreams.flatMap(path => [
      ...providerFindings(tree, path),
      ...authFindings(tree, path),
      ...identityFindings(tree, path),
      ...roleFindings(tree, path),
    ]),
    ...nameFindings(tree, upstreams),
    ...guardrailFindings(tree, upstreams),
  ]
}

/** The name of the upstream at `path`: its own, else its provider's; undefined while unknown. */
export function upstreamName(tree: Tree, path: Path): string | undefined {
  return tree.has(...path, 'name') ? tree.text(...path, 'name') : tree.text(...path, 'provider')
}

function providerFindings(tree: Tree, upstream: Path): Finding[] {
  const path = [...upstream, 'provider']
  const provider = tree.text(...path)
  if (provider === undefined) return tree.has(...path) ? [{ path, needs: NEEDED_PROVIDER }] : [missing(path)]
  if (provider === 'anthropicGoogleCloud') {
    return [{ path, text: 'is known, but not supported here.', fix: 'use provider: vertex.' }]
  }
  if (PROVIDERS.some(known => known === provider)) return []
  const near = nearest(provider, PROVIDERS)
  return [{ path, needs: NEEDED_PROVIDER, fix: near === null ? undefined : `did you mean ${near}?` }]
}

function authFindings(tree: Tree, upstream: Path): Finding[] {
  const path = [...upstream, 'auth']
  if (!tree.has(...path)) return []
  const given = tree.keys(...path)
  switch (tree.text(...upstream, 'provider')) {
    case 'anthropic':
      return anthropicAuth(path, given)
    case 'bedrock':
    case 'mantle':
      return given.includes('aws_bearer_token') && given.length > 1
        ? [mixture(path, ['aws_bearer_token', 'AWS keys'])]
        : awsKeyPair(path, given)
    case 'anthropicAws':
      return awsKeyPair(path, given)
    case 'foundry':
      return foundryAuth(tree, path, given)
    default:
      return []
  }
}

function anthropicAuth(path: Path, given: readonly string[]): Finding[] {
  const usesFederation = given.some(key => FEDERATION.includes(key) || FEDERATION_EXTRAS.includes(key))
  const forms = [
    ...['api_key', 'oauth_token'].filter(key => given.includes(key)),
    ...(usesFederation ? ['federation_rule_id'] : []),
  ]
  if (forms.length > 1) return [mixture(path, forms)]
  if (forms.length === 0) {
    const text =
      'names no credential; allowed: {api_key}, {oauth_token}, or {federation_rule_id, organization_id, identity_token_file}.'
    return [{ path, text, fix: 'add `api_key: ${ANTHROPIC_API_KEY}`.' }]
  }
  const absent = usesFederation ? FEDERATION.filter(key => !given.includes(key)) : []
  if (absent.length === 0) return []
  return [{ path, text: `lacks ${absent.join(' and ')}: federation needs ${FEDERATION.join(', ')}.` }]
}

function awsKeyPair(path: Path, given: readonly string[]): Finding[] {
  const usesKeys = given.some(key => AWS_KEYS.includes(key) || key === 'aws_session_token')
  const absent = usesKeys ? AWS_KEYS.filter(key => !given.includes(key)) : []
  if (absent.length === 0) return []
  return [
    {
      path,
      text: `lacks ${absent.join(' and ')}: AWS keys are given together.`,
      fix: 'add it, or write `auth: {}` for the ambient credentials.',
    },
  ]
}

function foundryAuth(tree: Tree, path: Path, given: readonly string[]): Finding[] {
  const usesEntra = given.includes('use_azure_ad')
  if (usesEntra && given.includes('api_key')) return [mixture(path, ['use_azure_ad', 'api_key'])]
  if (usesEntra && tree.flag(...path, 'use_azure_ad') === false) {
    return [{ path: [...path, 'use_azure_ad'], text: 'can only be true.', fix: 'give an api_key instead.' }]
  }
  const hasForm = usesEntra || given.includes('api_key')
  if (!usesEntra && hasForm && given.includes('scope')) {
    return [
      { path: [...path, 'scope'], at: 'key', text: 'is for Entra: an api_key has none.', fix: 'remove it.' },
    ]
  }
  return hasForm ? [] : [{ path, text: 'names no credential; allowed: {use_azure_ad: true} or {api_key}.' }]
}

function mixture(path: Path, forms: readonly string[]): Finding {
  return {
    path,
    text: `mixes ${forms.join(' and ')}: exactly one form is allowed.`,
    fix: 'keep one of them.',
  }
}

function identityFindings(tree: Tree, upstream: Path): Finding[] {
  if (tree.flag(...upstream, 'forward_user_identity') !== true) return []
  const host = tree.has(...upstream, 'base_url')
    ? parseHttpUrl(tree.text(...upstream, 'base_url') ?? '')?.hostname
    : 'anthropic.com'
  if (host === undefined || !/(^|\.)anthropic\.com\.?$/.test(host)) return []
  const text = 'would tell Anthropic who asks: it is for a proxy that you run.'
  return [
    {
      path: [...upstream, 'forward_user_identity'],
      text,
      fix: "set base_url to your proxy's URL, or remove it.",
    },
  ]
}

function roleFindings(tree: Tree, upstream: Path): Finding[] {
  if (!tree.has(...upstream, 'assume_role') || !tree.has(...upstream, 'auth', 'aws_bearer_token')) return []
  const text = 'cannot be assumed with aws_bearer_token: a bearer token signs no STS request.'
  return [{ path: [...upstream, 'assume_role'], at: 'key', text, fix: 'use AWS keys or `auth: {}`.' }]
}

function nameFindings(tree: Tree, upstreams: readonly Path[]): Finding[] {
  const seen = new Set<string>()
  return upstreams.flatMap((upstream): Finding[] => {
    const name = upstreamName(tree, upstream)
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name)
      return []
    }
    const path = tree.has(...upstream, 'name') ? [...upstream, 'name'] : upstream
    return [{ path, text: 'an upstream above has the same name.', fix: 'set `name:` to tell them apart.' }]
  })
}

function guardrailFindings(tree: Tree, upstreams: readonly Path[]): Finding[] {
  const ofProvider = (provider: string): Path[] =>
    upstreams.filter(path => tree.text(...path, 'provider') === provider)
  const bedrock = ofProvider('bedrock')
  const guarded = bedrock.filter(path => tree.has(...path, 'guardrail'))
  if (guarded.length === 0) return []
  const fix = 'a failover would leave the guardrail behind: guard all of them, or none.'
  const bare = bedrock.filter(path => !tree.has(...path, 'guardrail'))
  return [
    ...bare.map(
      (path): Finding => ({ path, text: 'has no guardrail, but another bedrock upstream has.', fix }),
    ),
    ...ofProvider('mantle').map(
      (path): Finding => ({ path, text: 'cannot have a guardrail, but a bedrock upstream has.', fix }),
    ),
  ]
}
