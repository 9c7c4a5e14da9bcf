// A connection that gave no answer, in the words of the log and of the metrics.
import type { Unreachable } from './failover.ts'

export function reasonOf(error: Error): Unreachable['reason'] {
  return 'code' in error && error.code === 'UND_ERR_CONNECT_TIMEOUT' ? 'timeout' : 'connect'
}

/** Without a secret: the system's word, and its sentence, bounded. */
export function causeOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : error.name
  return `${code}: ${error.message}`.slice(0, 300)
}
