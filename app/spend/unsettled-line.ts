import { type Entry, readEntry } from './entry.ts'

/** What a line of the log is to whoever looks for entries that were not stored. */
export type UnsettledLine =
  | { readonly kind: 'entry'; readonly entry: Entry }
  /** Another event, or a line of the operational log. */
  | { readonly kind: 'other' }
  | { readonly kind: 'nonsense'; readonly why: string }

/** How lines of the operational log begin, where it is text. */
const OPERATIONAL = '[gateway] '

/** Reads a line as it stood on standard error. */
export function readUnsettledLine(line: string): UnsettledLine {
  if (line.trim() === '' || line.startsWith(OPERATIONAL)) return { kind: 'other' }
  const event = parsed(line)
  if (event === null) return { kind: 'nonsense', why: 'it is no JSON object' }
  if (event['evt'] !== 'spend.unsettled') return { kind: 'other' }
  const entry = readEntry(event)
  return typeof entry === 'string' ? { kind: 'nonsense', why: entry } : { kind: 'entry', entry }
}

function parsed(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
