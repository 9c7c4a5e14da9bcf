import type { Clock } from './clock.ts'
import { cloudTrace } from './cloud-trace.ts'
import type { LineWriter } from './line-writer.ts'

/**
 * The operational log: sentences with a subject, for the person who runs the gateway.
 *
 * `error`: a person must act. `warn`: degraded, or a promise at risk. `info`: start, stop, configuration,
 * changes of state. `debug`: per request. No secret, token, prompt, code or claim value is ever passed in.
 */
export interface Log {
  debug(text: string, fields?: LogFields): void
  info(text: string, fields?: LogFields): void
  warn(text: string, fields?: LogFields): void
  error(text: string, fields?: LogFields): void
}

/** Says nothing: for commands that report in their own way. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Details beside the sentence; they become members of the JSON form and `key=value` in the text form. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface LogOptions {
  readonly writer: Pick<LineWriter, 'operational'>
  readonly clock: Clock
  readonly level: LogLevel
  readonly format: 'text' | 'json'
  /** The project whose traces lines with a `trace_id` name, in the JSON form. */
  readonly traceProject?: string | undefined
}

/** Opens the log; lines below `level` cost nothing and go nowhere. */
export function createLog({ writer, clock, level, format, traceProject }: LogOptions): Log {
  const lowest = LEVELS.indexOf(level)
  const lineOf = format === 'json' ? (line: Line) => jsonLine(line, traceProject) : textLine
  const at = (lineLevel: LogLevel) => {
    if (LEVELS.indexOf(lineLevel) < lowest) return () => {}
    return (text: string, fields?: LogFields) =>
      writer.operational(lineOf({ level: lineLevel, time: new Date(clock()).toISOString(), text, fields }))
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const SEVERITIES = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const
const MAX_LINE_BYTES = 8192

interface Line {
  readonly level: LogLevel
  readonly time: string
  readonly text: string
  readonly fields: LogFields | undefined
}

function textLine({ level, time, text, fields = {} }: Line): string {
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? quoted(value) : value}`)
  return cut(`[gateway] ${time} ${level} ${text.replace(UNSAFE, escaped)}${details.join('')}`, MAX_LINE_BYTES)
}

function jsonLine({ level, time, text, fields }: Line, project: string | undefined): string {
  const head = { severity: SEVERITIES[level], time }
  const traceId = fields?.['trace_id']
  const trace = typeof traceId === 'string' ? cloudTrace(traceId, project) : {}
  const whole = escapedJson({ ...head, message: text, ...fields, ...trace })
  if (Buffer.byteLength(whole) <= MAX_LINE_BYTES) return whole
  // Escaping can make six bytes of one, so this much text always fits.
  return escapedJson({ ...head, message: `${text.slice(0, 1200)}…`, cut: true })
}

function quoted(value: string): string {
  const safe = value.replace(UNSAFE, escaped)
  return /^[^\s"=]+$/.test(safe) ? safe : `"${safe.replaceAll('"', '\\"')}"`
}

/** JSON on one line that moves nothing on a screen: what JSON itself leaves as it is, such as C1 controls, is escaped. */
export function escapedJson(value: object): string {
  return JSON.stringify(value).replace(UNSAFE, escaped)
}

// Controls of both sets, and what breaks a line or reorders it on a screen: "a\nb", "\u001b[2J", "\u202e".
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

function escaped(character: string): string {
  if (character === '\n') return '\\n'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Cuts a line at `maxBytes`, never inside a character. */
function cut(line: string, maxBytes: number): string {
  if (Buffer.byteLength(line) <= maxBytes) return line
  const bytes = Buffer.from(line).subarray(0, maxBytes - 3)
  return `${new TextDecoder().decode(bytes, { stream: true })}…`
}
