// The parsed file: every value with its place, and with the references it was expanded from.
import type { Path } from './problems.ts'

/** A place in the file; both counts start at 1. */
export interface Position {
  line: number
  column: number
}

export interface MapNode {
  kind: 'map'
  at: Position
  entries: ReadonlyMap<string, { at: Position; node: Node }>
}

export interface ListNode {
  kind: 'list'
  at: Position
  items: readonly Node[]
}

export interface ScalarNode {
  kind: 'scalar'
  at: Position
  value: string | number | boolean | null
  /** The scalar as written: what a number was before it became a float. */
  source: string
  /** Such as `${JWT}`; empty when every character stands in the file. */
  references: readonly string[]
  /** False while a reference could not be followed: the value is unknown. */
  isKnown: boolean
}

export type Node = MapNode | ListNode | ScalarNode

/** Reads values by path without trusting their types: what is absent, unknown or of another type is undefined. */
export class Tree {
  readonly root: Node

  constructor(root: Node) {
    this.root = root
  }

  /** The node at `path`, if the file has one. */
  node(path: Path): Node | undefined {
    let node: Node | undefined = this.root
    for (const part of path) node = node === undefined ? undefined : child(node, part)
    return node
  }

  /** Reports whether the file gives the key, even when its value is not known yet. */
  has(...path: Path): boolean {
    return this.node(path) !== undefined
  }

  text(...path: Path): string | undefined {
    const value = this.#scalar(path)
    return typeof value === 'string' ? value : undefined
  }

  number(...path: Path): number | undefined {
    const value = this.#scalar(path)
    if (typeof value === 'string' && /^[0-9]{1,16}(\.[0-9]{1,16})?$/.test(value)) return Number(value)
    return typeof value === 'number' ? value : undefined
  }

  flag(...path: Path): boolean | undefined {
    const value = this.#scalar(path)
    return typeof value === 'boolean'
      ? value
      : value === 'true'
        ? true
        : value === 'false'
          ? false
          : undefined
  }

  /** The texts of a list, with their paths; a single text counts as a list of one. */
  texts(...path: Path): { value: string; path: Path }[] {
    const single = this.text(...path)
    if (single !== undefined) return [{ value: single, path }]
    return this.items(...path).flatMap(item => {
      const value = this.text(...item)
      return value === undefined ? [] : [{ value, path: item }]
    })
  }

  /** The paths of a list's items. */
  items(...path: Path): Path[] {
    const node = this.node(path)
    return node?.kind === 'list' ? node.items.map((_, index) => [...path, index]) : []
  }

  /** The keys of a mapping. */
  keys(...path: Path): string[] {
    const node = this.node(path)
    return node?.kind === 'map' ? [...node.entries.keys()] : []
  }

  /** The value at `path` as plain data; unknown values are undefined. */
  plain(...path: Path): unknown {
    const node = this.node(path)
    return node === undefined ? undefined : plainValue(node)
  }

  /** Where the report points: the value, its key, or the nearest parent that exists. */
  position(path: Path, at: 'value' | 'key' | 'parent' = 'value'): Position {
    const last = path.at(-1)
    const parent = this.node(path.slice(0, -1))
    if (at === 'key' && typeof last === 'string' && parent?.kind === 'map') {
      const key = parent.entries.get(last)
      if (key !== undefined) return key.at
    }
    if (at !== 'parent') {
      const node = this.node(path)
      if (node !== undefined) return node.at
    }
    for (let length = path.length - 1; length > 0; length--) {
      const node = this.node(path.slice(0, length))
      if (node !== undefined) return this.#keyPosition(path.slice(0, length)) ?? node.at
    }
    return this.root.at
  }

  #keyPosition(path: Path): Position | undefined {
    const parent = this.node(path.slice(0, -1))
    const last = path.at(-1)
    return parent?.kind === 'map' && typeof last === 'string' ? parent.entries.get(last)?.at : undefined
  }

  #scalar(path: Path): ScalarNode['value'] | undefined {
    const node = this.node(path)
    return node?.kind === 'scalar' && node.isKnown ? node.value : undefined
  }
}

/** Visits every scalar with its path. */
export function* scalarsOf(node: Node, path: Path = []): Generator<{ path: Path; node: ScalarNode }> {
  if (node.kind === 'scalar') yield { path, node }
  if (node.kind === 'list')
    for (const [index, item] of node.items.entries()) yield* scalarsOf(item, [...path, index])
  if (node.kind === 'map')
    for (const [key, entry] of node.entries) yield* scalarsOf(entry.node, [...path, key])
}

function child(node: Node, part: string | number): Node | undefined {
  if (node.kind === 'list' && typeof part === 'number') return node.items[part]
  if (node.kind === 'map' && typeof part === 'string') return node.entries.get(part)?.node
  return undefined
}

function plainValue(node: Node): unknown {
  if (node.kind === 'scalar') return node.isKnown ? node.value : undefined
  if (node.kind === 'list') return node.items.map(plainValue)
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry.node)]))
}
