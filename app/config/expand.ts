// `${VAR}`, `${file:/path}` and `${secret:…}` in the values of a parsed file. One pass, never recursive:
// what a reference brings in is text, and is not looked into again (C-13).
import type { Finding, Path } from './problems.ts'
import type { Node, ScalarNode } from './tree.ts'

/** A local file's content, or the system's code for why there is none. */
export type FileRead = { kind: 'read'; bytes: Buffer } | { kind: 'failed'; code: string }

/** Reads at most `maxBytes` of a local file; a longer one fails with EFBIG. */
export type ReadFile = (path: string, maxBytes: number) => FileRead

/** What became of a secret: its value, or why there is none, in words for a report. */
export type SecretAnswer = { kind: 'read'; value: string } | { kind: 'failed'; text: string; fix: string }

/** What references are resolved from. */
export interface ReferenceSources {
  variable(name: string): string | undefined
  readFile: ReadFile
  /** What became of `${secret:…}` by resource name; one that is absent leaves its key unknown. */
  secrets: ReadonlyMap<string, SecretAnswer>
  /** An undefined variable is a warning, and its key is skipped. */
  allowUnset: boolean
}

/** The expanded tree, and what was found on the way. */
export interface Expansion {
  root: Node
  problems: readonly Finding[]
  warnings: readonly Finding[]
  /** Resource names of `${secret:…}` without a value, in file order, each once. */
  unresolvedSecrets: readonly string[]
  /** How many references of each kind the file holds. */
  counts: { env: number; file: number; secret: number }
}

const SECRET = /^projects\/[^/\s]+(\/locations\/[^/\s]+)?\/secrets\/[^/\s]+\/versions\/[^/\s]+$/
/** The escape, a variable, or any other `${`: the latter's inside is scanned on, for the variables in it. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{(?=([^}]*))/g
const MAX_FILE_BYTES = 1_048_576

/** Follows every reference in the values of `root`. */
export function expandReferences(root: Node, sources: ReferenceSources): Expansion {
  const expander = new Expander(sources)
  const expanded = expander.node(root, [])
  const { problems, warnings, counts } = expander
  return { root: expanded, problems, warnings, counts, unresolvedSecrets: [...expander.unresolvedSecrets] }
}

class Expander {
  readonly problems: Finding[] = []
  readonly warnings: Finding[] = []
  readonly unresolvedSecrets = new Set<string>()
  readonly counts = { env: 0, file: 0, secret: 0 }
  readonly #sources: ReferenceSources

  constructor(sources: ReferenceSources) {
    this.#sources = sources
  }

  node(node: Node, path: Path): Node {
    if (node.kind === 'list') {
      return { ...node, items: node.items.map((item, index) => this.node(item, [...path, index])) }
    }
    if (node.kind === 'map') {
      const entries = [...node.entries].map(
        ([key, entry]) => [key, { at: entry.at, node: this.node(entry.node, [...path, key]) }] as const,
      )
      return { ...node, entries: new Map(entries) }
    }
    return typeof node.value === 'string' && node.value.includes('${')
      ? this.#scalar(node, node.value, path)
      : node
  }

  #scalar(node: ScalarNode, text: string, path: Path): ScalarNode {
    const whole = /^\$\{(file|secret):([^}]*)\}$/.exec(text.trim())
    const references: string[] = []
    const value = whole
      ? this.#whole(whole[1] === 'file' ? 'file' : 'secret', whole[2] ?? '', path)
      : this.#embedded(text, path, references)
    if (whole) references.push(whole[0])
    return { ...node, value: value ?? null, references, isKnown: value !== undefined }
  }

  #whole(kind: 'file' | 'secret', name: string, path: Path): string | undefined {
    this.counts[kind] += 1
    return kind === 'file' ? this.#file(name, path) : this.#secret(name, path)
  }

  #file(file: string, path: Path): string | undefined {
    const reference = `\${file:${file}}`
    if (!file.startsWith('/')) {
      return this.#refuse(
        path,
        `${reference} is not an absolute path.`,
        'write the path from the root: ${file:/run/secrets/name}.',
      )
    }
    const read = this.#sources.readFile(file, MAX_FILE_BYTES)
    if (read.kind === 'failed') {
      return this.#refuse(
        path,
        `${reference} cannot be read (${read.code}).`,
        'check that the file is there, is at most 1 MiB, and may be read.',
      )
    }
    const text = decodeUtf8(read.bytes)
    if (text === null)
      return this.#refuse(path, `${reference} is not UTF-8 text.`, 'store it as text, such as base64.')
    return text.trim()
  }

  #secret(name: string, path: Path): string | undefined {
    const reference = `\${secret:${name}}`
    if (!SECRET.test(name)) {
      return this.#refuse(
        path,
        `${reference} is not a secret's version.`,
        'write ${secret:projects/P/secrets/S/versions/V}.',
      )
    }
    if (name.endsWith('/versions/latest')) {
      const text = `${reference} names no fixed version: a rotated secret needs a restart, and two revisions may differ.`
      this.warnings.push({ path, text, fix: 'name the version by its number.' })
    }
    const answer = this.#sources.secrets.get(name)
    if (answer?.kind === 'failed') return this.#refuse(path, `${reference} ${answer.text}`, answer.fix)
    if (answer === undefined) this.unresolvedSecrets.add(name)
    return answer?.value
  }

  /** Text with references inside; undefined when one of them could not be followed. */
  #embedded(text: string, path: Path, references: string[]): string | undefined {
    let isKnown = true
    const mayHoldShell = isServedToClients(path)
    const expanded = text.replaceAll(
      REFERENCE,
      (written, name: string | undefined, other: string | undefined) => {
        if (name !== undefined) {
          this.counts.env += 1
          references.push(written)
          const value = this.#variable(name, path, mayHoldShell)
          if (value === undefined) isKnown = false
          return value ?? ''
        }
        if (other === undefined) return '${'
        if (mayHoldShell) return written
        if (isKnown) this.#refuseForm(other, path)
        isKnown = false
        return ''
      },
    )
    return isKnown ? expanded : undefined
  }

  #variable(name: string, path: Path, mayHoldShell: boolean): string | undefined {
    const value = this.#sources.variable(name)
    if (value !== undefined) return value
    if (this.#sources.allowUnset) {
      this.warnings.push({ path, text: `\${${name}} is not set: the key is skipped.` })
      return undefined
    }
    const literal = mayHoldShell ? `, or write $\${${name}} to send it to the client as it is` : ''
    return this.#refuse(path, `\${${name}} is not set.`, `set the environment variable ${name}${literal}.`)
  }

  #refuseForm(form: string, path: Path): void {
    if (/^(file|secret):/.test(form)) {
      const kind = form.slice(0, form.indexOf(':'))
      const isUrl = path.join('.') === 'store.postgres_url'
      const fix = isUrl
        ? 'put the password under store.password.'
        : 'put the whole value into the file or secret.'
      this.#refuse(path, `\${${kind}:…} must be the whole value.`, fix)
      return
    }
    this.#refuse(path, 'holds a ${…} that is no reference.', 'write ${NAME}, or $${ for a literal ${.')
  }

  #refuse(path: Path, text: string, fix: string): undefined {
    this.problems.push({ path, text, fix })
  }
}

/** Reports whether `path` stands in a block that is sent to clients: hook commands there carry shell syntax. */
function isServedToClients(path: Path): boolean {
  return (
    path[0] === 'managed' &&
    path[1] === 'policies' &&
    ['code', 'cli', 'settings', 'desktop'].includes(String(path[3]))
  )
}

/** Answers the text, or null when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null // the only thing it throws is a TypeError for bytes that are not UTF-8
  }
}
