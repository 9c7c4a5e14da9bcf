// YAML text → a tree of values with their places, or what is wrong with the YAML itself (C-8, C-10, C-12).
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLError,
  type Node as YamlNode,
} from 'yaml'
import type { Path, Problem } from './problems.ts'
import { spellSafely } from './secret-keys.ts'
import type { MapNode, Node, Position, ScalarNode } from './tree.ts'

/** The text as a tree; `root` is null when nothing could be read. */
export interface ReadDocument {
  root: MapNode | null
  problems: readonly Problem[]
}

const MAX_ALIASES = 100
const MAX_NODES = 200_000

/** What the YAML library's error codes mean, in words that hold no text of the file. */
const SYNTAX: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_INDENT: 'the indentation does not fit the lines above',
  TAB_AS_INDENT: 'a tab is used for indentation: use spaces',
  MISSING_CHAR: 'a closing quote, bracket, comma or colon is missing',
  BAD_SCALAR_START: 'a plain value cannot start with this character: quote it',
  BAD_DQ_ESCAPE: 'an unknown escape stands in a double-quoted value: use single quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a nested mapping must start on a line of its own; a value that contains ": " must be quoted',
  BLOCK_IN_FLOW: 'a block cannot stand inside { } or [ ]',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, with ":" after it',
  BAD_DIRECTIVE: 'an unknown %-directive',
  MULTIPLE_DOCS: 'a second document starts here: the file must hold one',
  TAG_RESOLVE_FAILED: 'tags are not accepted: remove it',
  BAD_ALIAS: 'an alias or anchor cannot stand here',
}

const NEEDED = 'listen, oidc, session, store and upstreams are needed'

/** Reads `text` as one YAML 1.2 document with a mapping at its top; `needed` is said of an empty one. */
export function readDocument(text: string, needed: string = NEEDED): ReadDocument {
  const lines = new LineCounter()
  const source = text.replace(/^\ufeff/, '')
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false, // the walk reports duplicates with their path
    merge: false, // the walk merges, within its bounds
    version: '1.2',
  })
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const syntax = syntaxProblems(document.errors, source, place)
  if (syntax.length > 0) return { root: null, problems: syntax }
  if (document.contents === null)
    return {
      root: null,
      problems: [fileProblem(`the file is empty: ${needed}`)],
    }
  const walk = new Walk(document, place)
  const root = walk.node(document.contents, [])
  if (root?.kind !== 'map')
    return {
      root: null,
      problems: [fileProblem('the top of the file must be a mapping of sections'), ...walk.problems],
    }
  return { root, problems: walk.problems }
}

/** One problem a line: what follows on it is the parser losing its way. */
function syntaxProblems(
  errors: readonly YAMLError[],
  source: string,
  place: (offset: number) => Position,
): Problem[] {
  const byLine = new Map<number, Problem>()
  for (const error of errors) {
    const offset = error.pos[0]
    const at = place(offset)
    if (byLine.has(at.line)) continue
    const isBareReference =
      /\$\{?$/.test(source.slice(Math.max(0, offset - 2), offset)) || source.startsWith('${', offset)
    const text = isBareReference
      ? 'not YAML: ${…} must be quoted inside { } and [ ].'
      : `not YAML: ${SYNTAX[error.code] ?? 'something else was expected here'}.`
    const fix = isBareReference ? 'write "${NAME}" with the quotes.' : undefined
    byLine.set(at.line, fix === undefined ? { path: '', ...at, text } : { path: '', ...at, text, fix })
  }
  return [...byLine.values()]
}

function fileProblem(text: string): Problem {
  return { path: '', line: 1, column: 1, text: `${text}.` }
}

/** Turns the library's nodes into ours; bounded in aliases and nodes. */
class Walk {
  readonly problems: Problem[] = []
  readonly #document: Document.Parsed
  readonly #place: (offset: number) => Position
  #aliases = 0
  #nodes = 0

  constructor(document: Document.Parsed, place: (offset: number) => Position) {
    this.#document = document
    this.#place = place
  }

  /** Our node for theirs; null when it was refused, with a problem. */
  node(theirs: YamlNode | null, path: Path): Node | null {
    const at = this.#at(theirs)
    this.#nodes += 1
    if (this.#nodes > MAX_NODES)
      return this.#refuse(path, at, `more than ${MAX_NODES} values, aliases included`)
    if (isAlias(theirs)) return this.#alias(theirs.resolve(this.#document), path, at)
    if (theirs?.tag !== undefined) return this.#refuse(path, at, 'tags are not accepted: remove it')
    if (isSeq<YamlNode>(theirs)) {
      const items = theirs.items.map(
        (item, index) => this.node(item, [...path, index]) ?? unknownNode(this.#at(item)),
      )
      return { kind: 'list', at, items }
    }
    if (isMap<YamlNode, YamlNode>(theirs)) return this.#map(theirs.items, path, at)
    if (!isScalar(theirs) || theirs.value === null) {
      return this.#refuse(
        path,
        at,
        'has no value',
        'give it one, or remove the key: an empty key is never "absent".',
      )
    }
    const value = theirs.value
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return this.#refuse(path, at, 'is no text, number or boolean')
    }
    const source = theirs.source ?? String(value)
    return { kind: 'scalar', at, value, source, references: [], isKnown: true }
  }

  #map(pairs: readonly Pair<YamlNode, YamlNode | null>[], path: Path, at: Position): MapNode {
    const entries = new Map<string, { at: Position; node: Node }>()
    const merged: MapNode[] = []
    for (const pair of pairs) {
      const keyAt = this.#at(pair.key)
      const key = isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : ''
      if (key === '' || key === '__proto__') {
        this.#refuse(path, keyAt, 'a key must be a name')
      } else if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
        merged.push(...this.#merged(pair.value, path))
      } else if (entries.has(key)) {
        this.#refuse([...path, key], keyAt, 'the key is given twice', 'keep one of them.')
      } else {
        const node = this.#value(pair.value, [...path, key], keyAt)
        entries.set(key, { at: keyAt, node })
      }
    }
    for (const source of merged) {
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry)
    }
    return { kind: 'map', at, entries }
  }

  #value(theirs: YamlNode | null, path: Path, keyAt: Position): Node {
    const isEmpty = theirs === null || (isScalar(theirs) && theirs.value === null)
    if (isEmpty)
      this.#refuse(
        path,
        keyAt,
        'has no value',
        'give it one, or remove the key: an empty key is never "absent".',
      )
    const node = isEmpty ? null : this.node(theirs, path)
    return node ?? unknownNode(keyAt)
  }

  #merged(value: YamlNode | null, path: Path): MapNode[] {
    const node = this.node(value, [...path, '<<'])
    const sources = node?.kind === 'list' ? node.items : node === null ? [] : [node]
    if (sources.some(source => source.kind !== 'map')) {
      this.#refuse([...path, '<<'], this.#at(value), 'only mappings can be merged')
    }
    return sources.filter(source => source.kind === 'map')
  }

  #alias(target: YamlNode | undefined, path: Path, at: Position): Node | null {
    this.#aliases += 1
    if (this.#aliases > MAX_ALIASES)
      return this.#refuse(path, at, `more than ${MAX_ALIASES} aliases are expanded`)
    if (target === undefined) return this.#refuse(path, at, 'the alias names no anchor above it')
    return this.node(target, path)
  }

  #at(theirs: YamlNode | null): Position {
    return theirs?.range == null ? { line: 1, column: 1 } : this.#place(theirs.range[0])
  }

  #refuse(path: Path, at: Position, text: string, fix?: string): null {
    const problem: Problem = { path: spellSafely(path), ...at, text: `${text}.` }
    if (fix !== undefined) problem.fix = fix
    this.problems.push(problem)
    return null
  }
}

/** Stands for a value that was refused: its key is given, so it is not reported as missing too. */
function unknownNode(at: Position): ScalarNode {
  return { kind: 'scalar', at, value: null, source: '', references: [], isKnown: false }
}
