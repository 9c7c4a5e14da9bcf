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

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Details beside the sentence; they become members of the JSON form and `key=value` in the text form. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>
