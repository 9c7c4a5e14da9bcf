// `gatehouse forget`: erases what a running gateway keeps about one person.
import type { ForgetArguments } from '../config/forget-arguments.ts'
import { printable } from '../lib/printable.ts'
import { terminalJson } from '../lib/terminal-json.ts'
import { textTable } from '../lib/text-table.ts'
import { type AdminApi, pathOf } from './admin-api.ts'
import { Erased, shaped } from './admin-shapes.ts'
import type { Terminal } from './limits.ts'
import { requireSubject } from './subject.ts'

const MAX_SHOWN = 120

/** Prints how many rows of each table went, or lost their subject. */
export async function forget(
  api: AdminApi,
  { sub, mode, exact, json }: Pick<ForgetArguments, 'sub' | 'mode' | 'exact' | 'json'>,
  { print }: Pick<Terminal, 'print'>,
): Promise<void> {
  await requireSubject(api, sub, { exact })
  const path = pathOf('/v1/organizations/principals', sub)
  const erased = shaped(await api.change({ method: 'DELETE', path, query: { mode } }), Erased)
  if (json) return print(terminalJson(erased))
  const rows = Object.entries(erased.rows)
  const shown = printable(sub, MAX_SHOWN)
  if (rows.every(([, count]) => count === 0)) return print(`nothing was stored about ${shown}\n`)
  print(
    `forgot ${shown} (${mode})\n${textTable(
      ['TABLE', 'ROWS'],
      rows.map(([table, count]) => [table, String(count)]),
    )}`,
  )
}
