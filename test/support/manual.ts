// The project's own documents, as the tests of `test/docs` read them.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface Page {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

export interface CodeBlock {
  /** Where it stands: `docs/x.md:12`. */
  readonly at: string
  readonly language: string
  readonly text: string
}

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted()
}

function read(path: string): Page {
  return { path, text: readFileSync(join(root, path), 'utf8') }
}

/** README, changelog, wire contract and everything below docs. */
export const PAGES: readonly Page[] = [
  'README.md',
  'CHANGELOG.md',
  'app/protocol/protocol.md',
  ...filesBelow('docs', '.md'),
].map(read)

/** One page by its path. */
export function pageAt(path: string): string {
  return read(path).text
}

/** Every file of the application that holds words: code, and the markup in it. */
export const SOURCES: readonly Page[] = filesBelow('app', '.ts').map(read)

/** The fenced code of a page. */
export function codeBlocks({ path, text }: Page): CodeBlock[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(match => ({
    at: `${path}:${text.slice(0, match.index).split('\n').length}`,
    language: match[1] ?? '',
    text: match[2] ?? '',
  }))
}

/** A page without its fenced code, for what is said about words in the text. */
export function prose({ text }: Page): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '')
}
