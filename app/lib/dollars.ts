// Amounts as people write and read them, in US dollars; between programs they are decimal texts of cents.

/** `12.10` → `1210`, exactly; null for what is no amount of at most two decimals and sixteen digits before them. */
export function centsOfDollars(text: string): string | null {
  const match = /^(\d{1,16})(?:\.(\d{1,2}))?$/.exec(text)
  if (match === null) return null
  const [, whole = '', fraction = ''] = match
  return (BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0'))).toString()
}

/** `1210` → `$12.10`, and `29.048` → `$0.29048`: cents with any number of decimals, shown with two or more. */
export function dollarsText(cents: string): string {
  const [whole = '', decimals = ''] = cents.split('.')
  const digits = whole.padStart(3, '0')
  return `$${digits.slice(0, -2)}.${digits.slice(-2)}${decimals}`
}
