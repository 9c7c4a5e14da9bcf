// The values of an OAuth form: each at most once (RFC 6749 section 3.2).
import { Refusal } from '../http/errors.ts'

/** The one value of `name`; null when it is missing or empty, which counts as missing. */
export function onlyValue(form: URLSearchParams, name: string): string | null {
  const [value, ...others] = form.getAll(name)
  if (others.length > 0) throw new Refusal('invalid_request', '')
  return value === undefined || value === '' ? null : value
}

export function requiredValue(form: URLSearchParams, name: string): string {
  const value = onlyValue(form, name)
  if (value === null) throw new Refusal('invalid_request', '')
  return value
}
