/** Reports whether `text` is a day of the calendar, as in `2026-11-22`. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const at = Date.parse(`${text}T00:00:00Z`)
  // 2026-02-30 is read as a day of March by some, and as none by others.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

/** How many days `from` to `to` are, both included; not positive when `to` is the earlier one. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000) + 1
}
