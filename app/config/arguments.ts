import { type DoctorArguments, readDoctorArguments } from './doctor-arguments.ts'
import { type ExplainArguments, readExplainArguments } from './explain-arguments.ts'
import { type ForgetArguments, readForgetArguments } from './forget-arguments.ts'
import { type LimitsArguments, readLimitsArguments } from './limits-arguments.ts'
import { type MigrateArguments, readMigrateArguments } from './migrate-arguments.ts'
import { readSpendArguments, type SpendArguments } from './spend-arguments.ts'
import { readUsageArguments, type UsageArguments } from './usage-arguments.ts'

/** What the command line asks for. */
export type Arguments =
  | { kind: 'help' }
  | { kind: 'version' }
  /** `config` null: development mode with embedded defaults, which keeps its files in `data`. */
  | { kind: 'serve'; config: string | null; data: string | null }
  | { kind: 'check'; config: string; allowUnset: boolean }
  | ExplainArguments
  | MigrateArguments
  | DoctorArguments
  | LimitsArguments
  | UsageArguments
  | ForgetArguments
  | SpendArguments
  | { kind: 'wrong'; problem: string }

/** One line for stderr after a wrong call. */
export const USAGE =
  'usage: node app/main.ts [--data FOLDER] | --config FILE [--check [--allow-unset]] | explain --config FILE --email ADDRESS [--groups A,B] | doctor --config FILE | migrate --config FILE | migrate --bootstrap --role ROLE … | limits list|set|delete|effective|audit|pools|apply … | usage --from DATE --to DATE --group-by WHAT | forget --sub SUBJECT | spend replay --config FILE | --help | --version'

/** The answer to `--help`. */
export const HELP = `${USAGE}

  (no option)        development mode: an embedded Postgres, a local identity provider, a stand-in model
  --data FOLDER      development mode, with the database and the secret in FOLDER instead of .development
  --config FILE      serve with this gateway.yaml until a signal
  --check            validate the file and stop: exit code 0 when it would pass, 1 otherwise
  --allow-unset      with --check: skip keys whose environment variable is not set
  explain            with --config FILE: what one person gets, and why; the person is
    --email ADDRESS    of this address
    --groups A,B       in these groups
    --sub SUBJECT      or of this subject, as the store remembers them
    --model ID         ask about one model first
    --prices           and what models cost
    --json             for programs
  doctor             with --config FILE: look at everything around the gateway, and say how to mend it
    --url ORIGIN       ask there instead of at listen.public_url
    --user ADDRESS     look up this person's groups
    --only A,B         some of the checks
    --json             for programs
  migrate            with --config FILE: bring the database to this version, without serving
    --bootstrap        prepare a new database instead, once; it is named by
    --instance P:R:I     a Cloud SQL instance, with --user and --password-file
    --ip-type KIND       reached by PSC (default), PRIVATE or PUBLIC
    --database NAME      its database (default: gatehouse)
    --url URL            or a postgres:// URL
    --role ROLE          and this is the role that the gateway logs in as
  limits             the limits of a running gateway, by its Admin API
    list               all of them; --scope user, group or organization
    set                one of --user SUBJECT, --group NAME, --organization; --amount DOLLARS or unlimited
      --period P         daily, weekly or monthly (default)
      --pool DOLLARS     the shared monthly budget of a group; none takes it away
      --reason TEXT      for the audit
    delete             --id ID, or whom and period as above
    effective          who is capped at what, and has spent what; --user SUBJECT, --search TEXT, --period P
    audit              who changed what; --limit N events (default: 100)
    pools              the shared budgets, and what is spent of them
    apply FILE         makes the limits those of a YAML file, after showing the plan
      --plan             only shows it: exit code 2 when there is something to do
      --yes              asks nothing
      --prune            deletes the limits that the file does not have
  usage              what was used and spent, by the Admin API
    --from DATE        first day
    --to DATE          last day, both of UTC
    --group-by WHAT    user, group, model, upstream or day
    --format F         csv (default) or json
  forget             erases what is kept about a person, by the Admin API
    --sub SUBJECT      whom
    --mode MODE        identity (default): address, name, groups and own limits; full: the subject everywhere
  spend replay       with --config FILE: store what the audit on standard input says could not be stored
  limits, usage and forget take
    --url ORIGIN       the gateway, else GATEHOUSE_URL
    --key-file FILE    the admin key, else GATEHOUSE_ADMIN_KEY
    --json             for programs
    --exact            a --user or --sub that looks like an address is a subject
  --help             this text
  --version          the version
`

/** Options with a value, and what the value is. */
const VALUED = [
  ['--config', 'file'],
  ['--data', 'folder'],
] as const

/** The commands, each with what reads the words after it: a text is what is wrong with them. */
const COMMANDS: Readonly<Record<string, (argv: readonly string[]) => Arguments | string>> = {
  explain: readExplainArguments,
  doctor: readDoctorArguments,
  migrate: readMigrateArguments,
  limits: readLimitsArguments,
  usage: readUsageArguments,
  forget: readForgetArguments,
  spend: readSpendArguments,
}

/** Reads the arguments after the script's name. */
export function readArguments(argv: readonly string[]): Arguments {
  const [command = '', ...rest] = argv
  const reader = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
  if (reader !== undefined) {
    if (rest.includes('--help')) return { kind: 'help' }
    const read = reader(rest)
    return typeof read === 'string' ? wrong(read) : read
  }
  const flags = new Set<string>()
  const values = new Map<string, string>()
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? ''
    const [option = '', kind = ''] = VALUED.find(([name]) => argument.split('=')[0] === name) ?? []
    if (option !== '') {
      const value = argument === option ? argv[++i] : argument.slice(option.length + 1)
      if (value === undefined || value === '' || value.startsWith('--'))
        return wrong(`${option} needs a ${kind}`)
      if (values.has(option)) return wrong(`${option} is given twice`)
      values.set(option, value)
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
  const config = values.get('--config') ?? null
  const data = values.get('--data') ?? null
  if (data !== null && (config !== null || flags.has('--check')))
    return wrong('--data is for development mode, which has no --config')
  if (!flags.has('--check')) return { kind: 'serve', config, data }
  if (config === null) return wrong('--check needs --config FILE')
  return { kind: 'check', config, allowUnset: flags.has('--allow-unset') }
}

function wrong(problem: string): Arguments {
  return { kind: 'wrong', problem }
}
