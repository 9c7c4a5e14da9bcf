import { readOptions } from './command-options.ts'

/** What `doctor` looks at. */
export const CHECK_IDS = [
  'config',
  'host-dns',
  'api-dns',
  'front-door',
  'trusted-proxies',
  'postgres',
  'idp',
  'secrets',
  'identity',
  'vertex',
  'groups',
  'egress',
  'clock',
] as const

/** What `doctor` is asked. */
export interface DoctorArguments {
  readonly kind: 'doctor'
  readonly config: string
  /** The origin that is asked as a client would; null: `listen.public_url`. */
  readonly url: string | null
  /** Whose groups are looked up. */
  readonly user: string | null
  readonly json: boolean
  /** Ids of checks; null for all. */
  readonly only: readonly string[] | null
}

const VALUED: Readonly<Record<string, string>> = {
  '--config': 'a file',
  '--url': 'an origin',
  '--user': 'an address',
  '--only': 'a list of checks',
}

/** Reads the arguments after `doctor`; a text is what is wrong with them. */
export function readDoctorArguments(argv: readonly string[]): DoctorArguments | string {
  const read = readOptions('doctor', argv, { valued: VALUED, flags: ['--json'] })
  if (typeof read === 'string') return read
  const { values, flags } = read
  const config = values.get('--config')
  if (config === undefined) return 'doctor needs --config FILE'
  const url = originOf(values.get('--url'))
  if (url === undefined) return '--url needs an origin such as https://gateway.example.com'
  const only =
    values
      .get('--only')
      ?.split(',')
      .map(id => id.trim()) ?? null
  const checks: readonly string[] = CHECK_IDS
  const unknown = only?.find(id => !checks.includes(id))
  if (unknown !== undefined) return `--only does not know ${unknown}; the checks are ${checks.join(', ')}`
  return { kind: 'doctor', config, url, user: values.get('--user') ?? null, json: flags.has('--json'), only }
}

/** Undefined for a text that is no origin. */
function originOf(text: string | undefined): string | null | undefined {
  if (text === undefined) return null
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : undefined
}
