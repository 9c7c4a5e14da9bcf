import type { Log, LogFields } from '../../app/lib/log.ts'

/** A log that keeps its lines, as `level text {fields}`. */
export interface RecordedLog extends Log {
  readonly lines: readonly string[]
}

export function recordLog(): RecordedLog {
  const lines: string[] = []
  const write = (level: string) => (text: string, fields?: LogFields) => {
    lines.push(`${level} ${text}${fields ? ` ${JSON.stringify(fields)}` : ''}`)
  }
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
