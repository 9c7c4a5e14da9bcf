// Tables as CSV (RFC 4180), for spreadsheets that take a cell for a formula when it begins like one.

/** One record with its line end. Null is an empty cell; a number is written as it is. */
export function csvRecord(cells: readonly (string | number | bigint | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/** What spreadsheets compute, and what they skip before looking (OWASP, "CSV Injection"). */
const FORMULA = /^[\s\p{C}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u

function csvCell(cell: string | number | bigint | null): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
