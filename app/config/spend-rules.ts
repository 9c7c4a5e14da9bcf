// How `admin`, `enforcement`, `pricing` and `models` go together with each other and with the upstreams.
import type { Finding, Path } from './problems.ts'
import type { Facts, Rule } from './rule.ts'
import type { Tree } from './tree.ts'
import { upstreamName } from './upstream-rules.ts'

/** Names that point at upstreams (C-22), admin keys, and prices (C-24, C-25). */
export const spendRules: Rule = (tree, facts) => [
  ...mappingFindings(tree),
  ...adminFindings(tree),
  ...enforcementFindings(tree),
  ...pricingFindings(tree, facts),
]

function mappingFindings(tree: Tree): Finding[] {
  return tree
    .items('models')
    .flatMap(model =>
      tree
        .keys(...model, 'upstream_model')
        .flatMap(name => unknownUpstream(tree, name, [...model, 'upstream_model', name], 'key')),
    )
}

/** Nothing can be said while the name of some upstream is unknown. */
function unknownUpstream(tree: Tree, name: string, path: Path, at: 'key' | 'value'): Finding[] {
  const upstreams = tree.items('upstreams')
  const names = upstreams.map(upstream => upstreamName(tree, upstream))
  if (upstreams.length === 0 || names.includes(undefined) || names.includes(name)) return []
  const shown = upstreams
    .filter(upstream => isPlain(tree, [...upstream, 'name']))
    .map(upstream => upstreamName(tree, upstream))
  return [{ path, at, text: `names no upstream; there are: ${shown.join(', ').slice(0, 500)}.` }]
}

/** Reports whether the value stands in the file as it is, or is absent: only then may it be shown. */
function isPlain(tree: Tree, path: Path): boolean {
  const node = tree.node(path)
  return node?.kind !== 'scalar' || node.references.length === 0
}

function adminFindings(tree: Tree): Finding[] {
  const keys = [...tree.items('admin', 'write_keys'), ...tree.items('admin', 'read_keys')]
  return [
    ...repeated(tree, keys, 'id', 'an admin key above has the same id.'),
    ...repeated(tree, keys, 'key', 'an admin key above is the same.'),
  ]
}

function repeated(tree: Tree, items: readonly Path[], name: string, text: string): Finding[] {
  const seen = new Set<string>()
  return items.flatMap((item): Finding[] => {
    const value = tree.text(...item, name)
    if (value === undefined) return []
    if (seen.has(value)) return [{ path: [...item, name], text, fix: 'give every key its own.' }]
    seen.add(value)
    return []
  })
}

function enforcementFindings(tree: Tree): Finding[] {
  if (tree.flag('enforcement', 'fail_closed_on_error') !== true || tree.has('admin')) return []
  const text = 'needs the section admin: without it no spend is read.'
  return [{ path: ['enforcement', 'fail_closed_on_error'], text, fix: 'add admin, or remove it.' }]
}

function pricingFindings(tree: Tree, facts: Facts): Finding[] {
  if (!tree.has('pricing')) return []
  const findings: Finding[] = []
  if (!tree.has('admin') && tree.items('managed', 'policies').length === 0 && !hasMetrics(tree)) {
    const text = 'has no effect without admin or a policy, or metrics under gatehouse.observability.'
    findings.push({ path: ['pricing'], at: 'key', text, fix: 'add one of them, or remove pricing.' })
  }
  const seen = new Set<string>()
  for (const row of tree.items('pricing', 'overrides')) {
    const upstream = tree.text(...row, 'upstream')
    const model = tree.text(...row, 'model')
    if (upstream === undefined) continue
    findings.push(...unknownUpstream(tree, upstream, [...row, 'upstream'], 'value'))
    if (model === undefined) continue
    const key = JSON.stringify([upstream, canonicalId(model, facts)])
    if (seen.has(key))
      findings.push({
        path: row,
        text: 'a row above prices the same model on the same upstream.',
        fix: 'keep one of them.',
      })
    seen.add(key)
  }
  return findings
}

/** Costs are among the gateway's own metrics. */
function hasMetrics(tree: Tree): boolean {
  const section = ['gatehouse', 'observability']
  if (tree.has(...section, 'prometheus')) return true
  return tree.has(...section, 'otlp') && tree.flag(...section, 'otlp', 'metrics') !== false
}

/** Two spellings of one built-in model are one model. */
function canonicalId(model: string, facts: Facts): string {
  const lower = model.toLowerCase()
  const builtin = facts.builtins.find(({ id, names }) =>
    [id, ...names].some(name => name.toLowerCase() === lower),
  )
  return builtin?.id ?? lower
}
