/** The URLs of gateway.yaml: http or https, without the parts that a base URL cannot carry. */
import type { z } from 'zod'
import { text, Unfit } from './scalar.ts'

/** An http or https URL without user info, query and fragment; `check` sees only such URLs. */
export function httpUrl(check: (url: URL) => Unfit | undefined = () => undefined): z.ZodType<string> {
  return text(value => faultOfUrl(value) ?? check(new URL(value)))
}

/** As `httpUrl`, and one trailing slash is dropped. */
export function baseUrl(check?: (url: URL) => Unfit | undefined): z.ZodType<string> {
  return httpUrl(check).transform(value => value.replace(/\/$/, ''))
}

/** An origin: scheme, host and port, nothing else. */
export function origin(): z.ZodType<string> {
  return httpUrl(url =>
    url.pathname === '/' ? undefined : new Unfit('scheme, host and port only'),
  ).transform(value => new URL(value).origin)
}

function faultOfUrl(value: string): Unfit | undefined {
  const url = parseHttpUrl(value)
  if (url === null)
    return new Unfit('an http or https URL', 'write it with its scheme, such as https://host.example.com.')
  if (url.username !== '' || url.password !== '') return new Unfit('a URL without user info')
  if (url.search !== '' || value.includes('?')) return new Unfit('a URL without a query')
  if (url.hash !== '' || value.includes('#')) return new Unfit('a URL without a fragment')
  return undefined
}

/** Answers the parsed URL, or null when `value` is no absolute http(s) URL as written. */
export function parseHttpUrl(value: string): URL | null {
  if (!/^https?:\/\/[^\s/\\]/i.test(value) || /[\s\\\u0000-\u001f]/.test(value)) return null
  return URL.canParse(value) ? new URL(value) : null
}
