/** What is wrong with a configuration file, and the report an operator reads. */

/** Where something stands: keys and list indexes from the top. */
export type Path = readonly (string | number)[]

/**
 * A fault at a path, before it is placed in the file.
 *
 * `needs` lets the report say what was found instead; `text` is the whole sentence. Neither holds a value
 * of the file: `found` does, and the report drops it where a secret could stand.
 */
export type Finding = {
  path: Path
  /** Which position is named: the value's (default), the key's, or the parent's when something is missing. */
  at?: 'value' | 'key' | 'parent'
  fix?: string | undefined
} & ({ needs: string } | { text: string; found?: string })

/** One line of the report, and the fix below it. */
export interface Problem {
  /** As in `upstreams[1].auth.api_key`; empty for the file as a whole. */
  path: string
  line: number
  column: number
  text: string
  fix?: string
}

const MAX_PROBLEMS = 100

/** Answers `problems` in the order of the file. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column || a.path.localeCompare(b.path))
}

/** The report of everything that is wrong with the file at `path` (C-32). */
export function problemReport(path: string, problems: readonly Problem[]): string {
  const ordered = inFileOrder(problems)
  const count = ordered.length === 1 ? '1 problem' : `${ordered.length} problems`
  const lines = [`gatehouse: ${count} in ${path}`]
  for (const problem of ordered.slice(0, MAX_PROBLEMS)) lines.push(...problemLines(problem))
  if (ordered.length > MAX_PROBLEMS) lines.push(`  and ${ordered.length - MAX_PROBLEMS} more`)
  return `${lines.join('\n')}\n`
}

/** One line for a warning, as the log and `--check` print it. */
export function warningLine(warning: Problem): string {
  const place = warning.line === 0 ? '' : ` (line ${warning.line}, column ${warning.column})`
  const fix = warning.fix === undefined ? '' : ` ${capitalised(warning.fix)}`
  return `${warning.path === '' ? '' : `${warning.path}: `}${warning.text}${fix}${place}`
}

/** Spells a path as the file's reader does: `managed.policies[0].cli.env`. */
export function spellPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      if (!/^[\w$-]{1,64}$/.test(part)) return `[${JSON.stringify(part.slice(0, 64))}]`
      return index === 0 ? part : `.${part}`
    })
    .join('')
}

function problemLines(problem: Problem): string[] {
  const place = problem.line === 0 ? '' : `line ${problem.line}, column ${problem.column}  `
  const subject = problem.path === '' ? '' : `${problem.path}: `
  const lines = [`  ${place}${subject}${problem.text}`]
  if (problem.fix !== undefined) lines.push(`      Fix: ${problem.fix}`)
  return lines
}

function capitalised(sentence: string): string {
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1)
}
