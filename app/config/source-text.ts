// Values that must not pass through a float or a YAML type: prices, shares, and environment variables for clients.
import type { Finding, Path } from './problems.ts'
import type { Node, ScalarNode } from './tree.ts'

/** The tree with numbers of `pricing` and of alerts, and numbers and booleans of a settings block's `env`, as their source text. */
export function keepSourceText(root: Node): { root: Node; warnings: readonly Finding[] } {
  const warnings: Finding[] = []
  const keep = (node: ScalarNode, path: Path): ScalarNode => {
    if (!node.isKnown || typeof node.value === 'string' || node.value === null) return node
    if (isAmount(path) && typeof node.value === 'number') return asText(node)
    if (!isClientVariable(path)) return node
    warnings.push({ path, text: `is served as the text "${node.source}".`, fix: 'quote it.' })
    return asText(node)
  }
  return { root: withScalars(root, keep), warnings }
}

/** The tree with the numbers of every key of these names as their source text. */
export function keepNumbersOf(keys: readonly string[], root: Node): Node {
  return withScalars(root, (node, path) =>
    typeof node.value === 'number' && keys.includes(String(path.at(-1))) ? asText(node) : node,
  )
}

function withScalars(
  node: Node,
  change: (node: ScalarNode, path: Path) => ScalarNode,
  path: Path = [],
): Node {
  if (node.kind === 'scalar') return change(node, path)
  if (node.kind === 'list') {
    return { ...node, items: node.items.map((item, index) => withScalars(item, change, [...path, index])) }
  }
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { at: entry.at, node: withScalars(entry.node, change, [...path, key]) }] as const,
  )
  return { ...node, entries: new Map(entries) }
}

function asText(node: ScalarNode): ScalarNode {
  return { ...node, value: node.source }
}

/** Prices, and the shares of a cap that raise alerts. */
function isAmount(path: Path): boolean {
  if (path[0] === 'pricing') return true
  return path.length === 4 && path[0] === 'gatehouse' && path[1] === 'spend' && path[2] === 'alerts'
}

function isClientVariable(path: Path): boolean {
  const isPolicy = path[0] === 'managed' && path[1] === 'policies' && path.length === 6
  return isPolicy && ['code', 'cli', 'settings'].includes(String(path[3])) && path[4] === 'env'
}
