// Tables as CSV (RFC 4180), for spreadsheets that take a cell for a formula when it begins like one.

/** One record with its line end. Null is an empty cell; a number is written as it is. */
export function csvRecord(cells: readonly (string | number | bigint | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/**
 * Where a cell begins that spreadsheets compute (OWASP, "CSV Injection"): what they skip before looking, and what they look
 * for. A semicolon separates cells where a comma is decimal, a tab where text is pasted.
 */
const FORMULA =
  /(?<=^|[;\t\r\n])(?=(?:(?![\t\r\n])[\s\p{C}])*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])/gu

/** What a terminal would obey; not tab, line feed and carriage return, which a cell may hold. */
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

function csvCell(cell: string | number | bigint | null): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const shown = cell.replaceAll(UNPRINTABLE, '\ufffd')
  const text = shown.replaceAll(FORMULA, "'")
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
