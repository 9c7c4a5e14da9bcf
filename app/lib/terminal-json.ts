/** What a terminal could take for a command, or show in another order. */
const INVISIBLE = /[^\P{C}\n]/gu

/** `value` as JSON over several lines, in which every invisible character is written as its escape. */
export function terminalJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replaceAll(INVISIBLE, escaped)}\n`
}

function escaped(character: string): string {
  const units = character.split('').map(unit => unit.charCodeAt(0).toString(16).padStart(4, '0'))
  return units.map(unit => `\\u${unit}`).join('')
}
