import { masked, withoutAwsNames } from '../lib/masked.ts'
import { printable } from '../lib/printable.ts'

/** The SDK's error as a sentence for the log: its own holds requests, and names accounts, roles and keys. */
export function awsFault(error: unknown, what: string): Error {
  if (!(error instanceof Error)) return new Error(`${what}: unknown`)
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  // What follows the first line is what a process printed, or a part of an answer.
  const [line = ''] = error.message.split('\n', 1)
  const text = withoutAwsNames(masked(printable(line, 300)))
  return new Error(`${what}: ${error.name}${code}: ${text}`)
}
