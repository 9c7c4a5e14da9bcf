/** What the command line asks for. */
export type Arguments =
  | { kind: 'help' }
  | { kind: 'version' }
  /** `config` null: development mode with embedded defaults. */
  | { kind: 'serve'; config: string | null }
  | { kind: 'check'; config: string; allowUnset: boolean }
  | { kind: 'wrong'; problem: string }

/** One line for stderr after a wrong call. */
export const USAGE = 'usage: node app/main.ts [--config FILE [--check [--allow-unset]]] | --help | --version'

/** The answer to `--help`. */
export const HELP = `${USAGE}

  (no option)        development mode: an embedded Postgres, a local identity provider, a stand-in model
  --config FILE      serve with this gateway.yaml until a signal
  --check            validate the file and stop: exit code 0 when it would pass, 1 otherwise
  --allow-unset      with --check: skip keys whose environment variable is not set
  --help             this text
  --version          the version
`

/** Reads the arguments after the script's name. */
export function readArguments(argv: readonly string[]): Arguments {
  const flags = new Set<string>()
  let config: string | null = null
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? ''
    if (argument === '--config' || argument.startsWith('--config=')) {
      const value = argument === '--config' ? argv[++i] : argument.slice('--config='.length)
      if (value === undefined || value === '' || value.startsWith('--')) return wrong('--config needs a file')
      if (config !== null) return wrong('--config is given twice')
      config = value
    } else if (['--check', '--allow-unset', '--help', '--version'].includes(argument)) {
      flags.add(argument)
    } else {
      return wrong(
        argument.startsWith('-')
          ? `unknown option ${argument.split('=')[0]}`
          : 'a file is given with --config',
      )
    }
  }
  if (flags.has('--help')) return { kind: 'help' }
  if (flags.has('--version')) return { kind: 'version' }
  if (flags.has('--allow-unset') && !flags.has('--check')) return wrong('--allow-unset needs --check')
  if (!flags.has('--check')) return { kind: 'serve', config }
  if (config === null) return wrong('--check needs --config FILE')
  return { kind: 'check', config, allowUnset: flags.has('--allow-unset') }
}

function wrong(problem: string): Arguments {
  return { kind: 'wrong', problem }
}
