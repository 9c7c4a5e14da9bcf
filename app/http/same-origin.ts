import type { IncomingHttpHeaders } from 'node:http'

/**
 * Reports whether a browser's POST came from a page of `publicUrl`'s origin.
 *
 * `Origin: null` is what a form on a page under `no-referrer` sends, and what a sandboxed frame sends: refused.
 * A `Referer` proves nothing. A browser that says anything but `same-origin` in `Sec-Fetch-Site` is believed.
 */
export function isSameOrigin(headers: IncomingHttpHeaders, publicUrl: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return false
  if (headers.origin !== undefined) return headers.origin === new URL(publicUrl).origin
  return site === 'same-origin'
}
