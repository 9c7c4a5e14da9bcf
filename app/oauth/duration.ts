// Durations as people say them.

/** A wait, rounded up so that nobody comes back too early: `a minute`, `7 minutes`. */
export function waitInWords(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  return minutes <= 1 ? 'a minute' : `${minutes} minutes`
}

/** An age, rounded down: `less than a minute ago`, `1 minute ago`, `7 minutes ago`. */
export function ageInWords(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000)
  if (minutes < 1) return 'less than a minute ago'
  return minutes === 1 ? '1 minute ago' : `${minutes} minutes ago`
}
