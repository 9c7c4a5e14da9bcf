/** The options of one command of the program, as they were given. */
export interface CommandOptions {
  readonly values: ReadonlyMap<string, string>
  readonly flags: ReadonlySet<string>
}

interface KnownOptions {
  /** Options with a value, and what the value is: `--config` → `a file`. */
  readonly valued: Readonly<Record<string, string>>
  readonly flags: readonly string[]
}

/** Reads `--option value`, `--option=value` and flags; a text is what is wrong with them, for the person at the terminal. */
export function readOptions(
  command: string,
  argv: readonly string[],
  known: KnownOptions,
): CommandOptions | string {
  const values = new Map<string, string>()
  const flags = new Set<string>()
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? ''
    const [option = ''] = argument.split('=', 1)
    if (known.flags.includes(argument)) flags.add(argument)
    else if (Object.hasOwn(known.valued, option)) {
      const value = argument === option ? argv[++index] : argument.slice(option.length + 1)
      if (value === undefined || value === '' || value.startsWith('--'))
        return `${option} needs ${known.valued[option]}`
      if (values.has(option)) return `${option} is given twice`
      values.set(option, value)
    } else return `${command} does not know ${option}`
  }
  return { values, flags }
}
