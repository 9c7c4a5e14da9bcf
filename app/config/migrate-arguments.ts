import { readOptions } from './command-options.ts'

/** What `migrate` is asked. */
export type MigrateArguments =
  /** Brings the database of the file to this version. */
  | { readonly kind: 'migrate'; readonly config: string }
  /** Prepares a new database for the gateway's role, as a role that may. */
  | {
      readonly kind: 'bootstrap'
      readonly where:
        | {
            readonly instance: string
            readonly ipType: 'PRIVATE' | 'PSC' | 'PUBLIC'
            readonly database: string
          }
        | { readonly url: string }
      /** Null with a URL that names one. */
      readonly user: string | null
      readonly passwordFile: string | null
      readonly role: string
    }

/** The options with a value, and what the value is. */
const VALUED: Readonly<Record<string, string>> = {
  '--config': 'a file',
  '--instance': 'project:region:instance',
  '--ip-type': 'PRIVATE, PSC or PUBLIC',
  '--database': 'a name',
  '--url': 'a URL',
  '--user': 'a role',
  '--password-file': 'a file',
  '--role': 'the role of the gateway',
}

/** Reads the arguments after `migrate`; a text is what is wrong with them. */
export function readMigrateArguments(argv: readonly string[]): MigrateArguments | string {
  const read = readOptions('migrate', argv, { valued: VALUED, flags: ['--bootstrap'] })
  if (typeof read === 'string') return read
  const { values, flags } = read
  return flags.has('--bootstrap') ? bootstrapOf(values) : migrationOf(values)
}

function migrationOf(values: ReadonlyMap<string, string>): MigrateArguments | string {
  const config = values.get('--config')
  if (config === undefined) return 'migrate needs --config FILE, or --bootstrap'
  const other = [...values.keys()].find(option => option !== '--config')
  return other === undefined ? { kind: 'migrate', config } : `${other} belongs to migrate --bootstrap`
}

function bootstrapOf(values: ReadonlyMap<string, string>): MigrateArguments | string {
  if (values.has('--config'))
    return 'migrate --bootstrap reads no file: name the database with --instance or --url'
  const role = values.get('--role')
  if (role === undefined) return 'migrate --bootstrap needs --role ROLE, which the gateway logs in as'
  const given = {
    user: values.get('--user') ?? null,
    passwordFile: values.get('--password-file') ?? null,
    role,
  }
  const [instance, url] = [values.get('--instance'), values.get('--url')]
  if (url !== undefined)
    return instance === undefined
      ? { kind: 'bootstrap', where: { url }, ...given }
      : 'give --instance or --url, not both'
  if (instance === undefined)
    return 'migrate --bootstrap needs --instance PROJECT:REGION:INSTANCE or --url URL'
  if (given.user === null || given.passwordFile === null) return '--instance needs --user and --password-file'
  const ipType = values.get('--ip-type') ?? 'PSC'
  if (ipType !== 'PRIVATE' && ipType !== 'PSC' && ipType !== 'PUBLIC')
    return '--ip-type is PRIVATE, PSC or PUBLIC'
  const database = values.get('--database') ?? 'gatehouse'
  return { kind: 'bootstrap', where: { instance, ipType, database }, ...given }
}
