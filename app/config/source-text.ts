// Values that must not pass through a float or a YAML type: prices, and environment variables for clients.
import type { Finding, Path } from './problems.ts'
import type { Node, ScalarNode } from './tree.ts'

/** The tree with numbers of `pricing`, and numbers and booleans of a settings block's `env`, as their source text. */
export function keepSourceText(root: Node): { root: Node; warnings: readonly Finding[] } {
  const warnings: Finding[] = []
  return { root: visit(root, [], warnings), warnings }
}

function visit(node: Node, path: Path, warnings: Finding[]): Node {
  if (node.kind === 'list') {
    return { ...node, items: node.items.map((item, index) => visit(item, [...path, index], warnings)) }
  }
  if (node.kind === 'map') {
    const entries = [...node.entries].map(
      ([key, entry]) => [key, { at: entry.at, node: visit(entry.node, [...path, key], warnings) }] as const,
    )
    return { ...node, entries: new Map(entries) }
  }
  if (!node.isKnown || typeof node.value === 'string' || node.value === null) return node
  if (path[0] === 'pricing' && typeof node.value === 'number') return asText(node)
  if (!isClientVariable(path)) return node
  warnings.push({ path, text: `is served as the text "${node.source}".`, fix: 'quote it.' })
  return asText(node)
}

function asText(node: ScalarNode): ScalarNode {
  return { ...node, value: node.source }
}

function isClientVariable(path: Path): boolean {
  const isPolicy = path[0] === 'managed' && path[1] === 'policies' && path.length === 6
  return isPolicy && ['code', 'cli', 'settings'].includes(String(path[3])) && path[4] === 'env'
}
