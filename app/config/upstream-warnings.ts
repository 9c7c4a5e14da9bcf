// Upstreams that are not what they seem: locations without the newer models, credentials that are not there yet.
import type { Finding, Path } from './problems.ts'
import type { Facts, Rule } from './rule.ts'
import type { Tree } from './tree.ts'
import { upstreamName } from './upstream-rules.ts'

/** Where Google offers every model; single regions end with Sonnet 4.6 (Claude on Vertex AI, "Global, multi-region, and regional endpoints"). */
const WIDE_LOCATIONS = ['global', 'us', 'eu']

const MAX_KEY_BYTES = 65_536

export const upstreamWarnings: Rule = (tree, facts) =>
  tree.items('upstreams').flatMap(upstream => {
    switch (tree.text(...upstream, 'provider')) {
      case 'vertex':
        return [...locationWarnings(tree, upstream), ...keyFileWarnings(tree, facts, upstream)]
      case 'bedrock':
        return profileWarnings(tree, upstream)
      default:
        return []
    }
  })

/**
 * Only commercial US regions get inference profiles by default; a file that names ids for this upstream knows
 * (Claude on Amazon Bedrock, "Accessing Bedrock").
 */
function profileWarnings(tree: Tree, upstream: Path): Finding[] {
  const path = [...upstream, 'region']
  const region = tree.text(...path)
  if (region === undefined || (region.startsWith('us-') && !region.startsWith('us-gov-'))) return []
  const name = upstreamName(tree, upstream) ?? ''
  if (tree.items('models').some(model => tree.has(...model, 'upstream_model', name))) return []
  const text =
    'has no inference profiles by default: newer models, which are reached by nothing else, need an entry in models.'
  return [
    {
      path,
      text,
      fix: 'add `upstream_model: { NAME: eu.anthropic.… }` there, with the profile of your region.',
    },
  ]
}

function locationWarnings(tree: Tree, upstream: Path): Finding[] {
  const path = [...upstream, 'region']
  const region = tree.text(...path)
  if (region === undefined || WIDE_LOCATIONS.includes(region)) return []
  const text = 'is a single region: models newer than Claude Sonnet 4.6 are not served there.'
  return [{ path, text, fix: 'use global, us or eu, or list in models what is served there.' }]
}

/** The file is read again for each token: a sidecar may write it after boot. */
function keyFileWarnings(tree: Tree, facts: Facts, upstream: Path): Finding[] {
  const path = [...upstream, 'auth', 'service_account_json']
  const file = tree.text(...path)
  const read = file === undefined ? undefined : facts.readFile(file, MAX_KEY_BYTES)
  if (read?.kind !== 'failed') return []
  return [{ path, text: `cannot be read yet (${read.code}): requests fail until it can.` }]
}
