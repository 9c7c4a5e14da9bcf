import { readOptions } from './command-options.ts'

/** What `explain` is asked. */
export interface ExplainArguments {
  readonly kind: 'explain'
  readonly config: string
  readonly sub: string | undefined
  readonly email: string | undefined
  readonly groups: readonly string[] | undefined
  readonly model: string | undefined
  /** Whether the text says what models cost; JSON always does. */
  readonly prices: boolean
  readonly json: boolean
}

/** Its options with a value, and what the value is. */
const VALUED: Readonly<Record<string, string>> = {
  '--config': 'file',
  '--email': 'an address',
  '--groups': 'a list of names',
  '--sub': 'a subject',
  '--model': 'a model id',
}

/** Reads the arguments after `explain`; a text is what is wrong with them. */
export function readExplainArguments(argv: readonly string[]): ExplainArguments | string {
  const read = readOptions('explain', argv, { valued: VALUED, flags: ['--prices', '--json'] })
  if (typeof read === 'string') return read
  const { values, flags } = read
  const config = values.get('--config')
  const email = values.get('--email')
  if (config === undefined) return 'explain needs --config FILE'
  const sub = values.get('--sub')
  if (email === undefined && sub === undefined) return 'explain needs --email ADDRESS or --sub SUBJECT'
  const named = values.get('--groups')?.split(',')
  const groups = named?.map(name => name.trim()).filter(Boolean)
  return {
    kind: 'explain',
    config,
    sub,
    email,
    groups,
    model: values.get('--model'),
    prices: flags.has('--prices'),
    json: flags.has('--json'),
  }
}
