/**
 * The names that text of the database can hold: those with a zero byte are left out, and half of a character becomes
 * U+FFFD, as the driver writes it. In JSON either would make the database refuse all of it.
 */
export function storableNames(names: readonly string[]): string[] {
  return names.filter(name => !name.includes('\0')).map(name => name.toWellFormed())
}
