// Models that nobody could ask for, and upstream lists that let nothing through.
import type { Finding } from './problems.ts'
import type { Facts, Rule } from './rule.ts'
import type { Tree } from './tree.ts'

export const modelWarnings: Rule = (tree, facts) => [...listWarnings(tree), ...patternWarnings(tree, facts)]

function listWarnings(tree: Tree): Finding[] {
  const findings: Finding[] = []
  const models = tree.items('models')
  if (tree.flag('auto_include_builtin_models') === false && models.length === 0) {
    const text = 'is false and models is empty: no model can be requested.'
    findings.push({ path: ['auto_include_builtin_models'], text, fix: 'list models, or remove it.' })
  }
  const seen = new Set<string>()
  for (const model of models) {
    const id = tree.text(...model, 'id')?.toLowerCase()
    if (id === undefined) continue
    if (seen.has(id))
      findings.push({
        path: [...model, 'id'],
        text: 'stands above already: the first entry wins.',
        fix: 'remove one.',
      })
    seen.add(id)
  }
  return findings
}

/** Entries of an upstream's `models` that match no requestable model: most likely a typo. */
function patternWarnings(tree: Tree, facts: Facts): Finding[] {
  if (facts.builtins.length === 0) return []
  const requestable = requestableNames(tree, facts)
  return tree.items('upstreams').flatMap(upstream =>
    tree
      .texts(...upstream, 'models')
      .filter(({ value }) => !requestable.some(name => matches(value.toLowerCase(), name)))
      .map(
        ({ value, path }): Finding => ({
          path,
          found: value,
          text: 'matches no model that can be requested.',
          fix: 'write a model id as the client sends it, with one * at most.',
        }),
      ),
  )
}

function requestableNames(tree: Tree, facts: Facts): string[] {
  const listed = tree.items('models').flatMap(model => tree.text(...model, 'id') ?? [])
  const isListed = ({ id, names }: Facts['builtins'][number]): boolean =>
    [id, ...names].some(name => listed.includes(name))
  const includesAll = tree.flag('auto_include_builtin_models') !== false
  const builtins = facts.builtins.filter(builtin => includesAll || isListed(builtin))
  return [...listed, ...builtins.flatMap(({ id, names }) => [id, ...names])].map(name => name.toLowerCase())
}

/** One `*` matches any run of characters. */
function matches(pattern: string, name: string): boolean {
  const [head = '', tail] = pattern.split('*')
  if (tail === undefined) return name === head
  return name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail)
}
