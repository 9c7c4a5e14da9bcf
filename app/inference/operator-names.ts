// The operator's own names in a cloud (a project, an account), which stand in its errors and are told to nobody.

/** No project or account has a shorter name, and shorter words occur in any text. */
const SHORTEST = 6

/** Reports whether `text` holds one of `names` as a word of its own. */
export function mentions(text: string, names: readonly string[]): boolean {
  return names.some(name => patternOf(name)?.test(text) === true)
}

/** The text without these names. */
export function withoutNames(text: string, names: readonly string[]): string {
  return names.reduce((rest, name) => {
    const pattern = patternOf(name)
    return pattern === null ? rest : rest.replaceAll(pattern, '[masked]')
  }, text)
}

function patternOf(name: string): RegExp | null {
  return name.length < SHORTEST ? null : new RegExp(`(?<![\\w-])${RegExp.escape(name)}(?![\\w-])`, 'gi')
}
