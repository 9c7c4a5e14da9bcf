/** One entry of an upstream's `models` list: a name, or a pattern whose one `*` stands for any run of characters. */
interface Entry {
  readonly start: string
  /** Null when there is no `*`: the name must be equal. */
  readonly end: string | null
}

/** Answers whether any of a model's names, in lower case, is on an upstream's `models` list (I-63). */
export type ModelList = (names: readonly string[]) => boolean

/** Without a list every model may go to the upstream. */
export function openModelList(entries: readonly string[] | undefined): ModelList {
  if (entries === undefined) return () => true
  const parsed = entries.map(parseEntry)
  return names => parsed.some(entry => names.some(name => matches(entry, name)))
}

function parseEntry(text: string): Entry {
  const lower = text.toLowerCase()
  const star = lower.indexOf('*')
  if (star === -1) return { start: lower, end: null }
  return { start: lower.slice(0, star), end: lower.slice(star + 1) }
}

function matches({ start, end }: Entry, name: string): boolean {
  if (end === null) return name === start
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end)
}
