// Where the next page of a report begins, in a token that only this gateway can have made (M-57).
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Sealer } from '../session/seal.ts'
import { wrong } from './field.ts'

/** Of what a token says; a token of another version is refused. */
const VERSION = 1

const PageShape = z.object({
  v: z.literal(VERSION),
  /** The last key of the page before. */
  last: z.array(z.string()),
  /** SHA-256 of what the report was asked for. */
  of: z.string(),
})

/** A report's filters, in a form in which equal ones are equal. */
export type Filters = Readonly<Record<string, string | readonly string[] | null>>

/** The token of the page after `last`. */
export function sealPage(sealer: Sealer, last: readonly string[], filters: Filters): Promise<string> {
  return sealer.seal('page', { v: VERSION, last, of: digestOf(filters) })
}

/** The last key before the page of `token`; null without a token. Refuses tokens that others made, or for other filters. */
export async function openPage(
  sealer: Sealer,
  token: string | null,
  filters: Filters,
): Promise<readonly string[] | null> {
  if (token === null) return null
  const page = PageShape.safeParse(await sealer.open('page', token))
  if (!page.success) throw wrong('page', 'is not a token that this gateway gave')
  if (page.data.of !== digestOf(filters)) throw wrong('page', 'belongs to other filters')
  return page.data.last
}

function digestOf(filters: Filters): string {
  return createHash('sha256').update(JSON.stringify(filters)).digest('base64url')
}
