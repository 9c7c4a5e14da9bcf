import { printable } from './printable.ts'

/** The longest cell that is shown whole. */
const MAX_CELL = 120

/** Rows below a head, in columns as wide as their widest cell; one line each, without what a terminal would obey. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map(row => row.map(cell => printable(cell, MAX_CELL)))
  const widths = head.map((_, column) => Math.max(...cells.map(row => (row[column] ?? '').length)))
  const lines = cells.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}
