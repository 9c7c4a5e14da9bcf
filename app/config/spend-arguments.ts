import { readOptions } from './command-options.ts'

/** What `spend` is asked: to store what the audit says could not be stored, from lines on standard input. */
export interface SpendArguments {
  readonly kind: 'replay'
  readonly config: string
}

/** Reads the arguments after `spend`; a text is what is wrong with them. */
export function readSpendArguments([verb, ...argv]: readonly string[]): SpendArguments | string {
  if (verb !== 'replay') return 'spend is asked to replay: spend replay --config FILE < lines'
  const read = readOptions('spend replay', argv, { valued: { '--config': 'a file' }, flags: [] })
  if (typeof read === 'string') return read
  const config = read.values.get('--config')
  return config === undefined ? 'spend replay needs --config FILE' : { kind: 'replay', config }
}
