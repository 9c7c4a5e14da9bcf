// URLs that the operator writes: no request may reach the machine itself, its link or a metadata server (C-6, H-35).
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import type { Tree } from './tree.ts'
import { parseHttpUrl } from './url.ts'

const LOOPBACK_VARIABLE = 'CLAUDE_GATEWAY_ALLOW_LOOPBACK'

/** Refuses hosts that the outbound guard would refuse at the first request. */
export const operatorUrlRules: Rule = (tree, facts) =>
  operatorUrls(tree).flatMap(({ path, url }): Finding[] => {
    const category = facts.judgeHost(url.hostname)
    if (category === null || (category === 'loopback' && facts.environment.allowLoopback)) return []
    // A collector named localhost boots: chapter and verse are the reference's, each export is refused (T-16).
    if (path[0] === 'telemetry' && url.hostname === 'localhost') return []
    const fix =
      category === 'loopback' ? `set ${LOOPBACK_VARIABLE}=1 to allow loopback.` : 'name the real host.'
    return [{ path, found: url.hostname, text: `is refused: ${category}.`, fix }]
  })

/** Every operator URL that can be read, with its path. */
export function operatorUrls(tree: Tree): { path: Path; url: URL }[] {
  const paths: Path[] = [
    ['oidc', 'issuer'],
    ['oidc', 'discovery_url'],
    ...tree.items('upstreams').map(item => [...item, 'base_url']),
    ...tree.items('telemetry', 'forward_to').map(item => [...item, 'url']),
    ['gatehouse', 'observability', 'otlp', 'url'],
    ['gatehouse', 'spend', 'alert_webhook', 'url'],
  ]
  return paths.flatMap(path => {
    const url = parseHttpUrl(tree.text(...path) ?? '')
    return url === null ? [] : [{ path, url }]
  })
}

/** Reports whether the URL's host is this machine by its literal or name. */
export function isLoopbackUrl(url: URL): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}
