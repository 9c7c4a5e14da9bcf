/** What `explain` is asked. */
export interface ExplainArguments {
  readonly kind: 'explain'
  readonly config: string
  readonly sub: string | undefined
  readonly email: string | undefined
  readonly groups: readonly string[] | undefined
  readonly model: string | undefined
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
  const values = new Map<string, string>()
  let json = false
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? ''
    const [option = ''] = argument.split('=', 1)
    if (argument === '--json') json = true
    else if (Object.hasOwn(VALUED, option)) {
      const value = argument === option ? argv[++index] : argument.slice(option.length + 1)
      if (value === undefined || value === '' || value.startsWith('--'))
        return `${option} needs ${VALUED[option]}`
      if (values.has(option)) return `${option} is given twice`
      values.set(option, value)
    } else return `explain does not know ${option}`
  }
  const config = values.get('--config')
  const email = values.get('--email')
  if (config === undefined) return 'explain needs --config FILE'
  const sub = values.get('--sub')
  if (email === undefined && sub === undefined) return 'explain needs --email ADDRESS or --sub SUBJECT'
  const named = values.get('--groups')?.split(',')
  const groups = named?.map(name => name.trim()).filter(Boolean)
  return { kind: 'explain', config, sub, email, groups, model: values.get('--model'), json }
}
