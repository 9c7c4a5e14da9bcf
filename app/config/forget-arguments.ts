import { readOptions } from './command-options.ts'
import { GATEWAY_OPTIONS, type GatewayArguments, gatewayOf } from './gateway-arguments.ts'

/** What `forget` is asked. */
export interface ForgetArguments {
  readonly kind: 'forget'
  readonly gateway: GatewayArguments
  readonly sub: string
  /** Whether `sub` is the subject though it looks like an address. */
  readonly exact: boolean
  readonly mode: 'identity' | 'full'
  readonly json: boolean
}

const VALUED: Readonly<Record<string, string>> = {
  ...GATEWAY_OPTIONS,
  '--sub': 'a subject',
  '--mode': 'identity or full',
}

/** Reads the arguments after `forget`; a text is what is wrong with them. */
export function readForgetArguments(argv: readonly string[]): ForgetArguments | string {
  const read = readOptions('forget', argv, { valued: VALUED, flags: ['--exact', '--json'] })
  if (typeof read === 'string') return read
  const { values, flags } = read
  const sub = values.get('--sub')
  if (sub === undefined) return 'forget needs --sub SUBJECT'
  const mode = values.get('--mode') ?? 'identity'
  if (mode !== 'identity' && mode !== 'full') return '--mode is identity or full'
  const given = { gateway: gatewayOf(values), sub, mode } as const
  return { kind: 'forget', ...given, exact: flags.has('--exact'), json: flags.has('--json') }
}
