/** Controls, bidirectional marks, surrogates, unassigned characters; line and paragraph separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]+/gu

/** `text` from a stranger, fit to be shown: on one line, without invisible characters, at most `maxCharacters` long. */
export function printable(text: string, maxCharacters: number): string {
  // Cut first, so that a long text costs no more than a short one.
  const visible = text
    .slice(0, maxCharacters * 4)
    .replace(UNPRINTABLE, ' ')
    .trim()
  return Array.from(visible).slice(0, maxCharacters).join('')
}
