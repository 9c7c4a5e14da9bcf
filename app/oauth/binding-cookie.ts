// Ties the trip to the identity provider to the browser that began it: a callback link that somebody
// else prepared does not work in a victim's browser (RFC 6749 section 10.12).
import { randomBytes } from 'node:crypto'

const MAX_AGE_SECONDS = 600
const WELL_FORMED = /^[A-Za-z0-9_-]{43}$/

export interface BindingCookie {
  /** The value a browser already carries, or null; anything malformed counts as none. */
  read(cookieHeader: string | undefined): string | null
  /** A fresh value: 256 random bits. */
  draw(): string
  /** The `Set-Cookie` that stores `value`. */
  set(value: string): string
  /** The `Set-Cookie` that removes it. */
  clear(): string
}

/**
 * The binding cookie of a gateway at `publicUrl`.
 *
 * On https it is `__Host-` bound: no sub-domain and no plain-text page can plant one. Plain http, which
 * only loopback uses, has no such prefix.
 */
export function bindingCookie(publicUrl: string): BindingCookie {
  const isSecure = new URL(publicUrl).protocol === 'https:'
  const name = isSecure ? '__Host-gw_dev' : 'gw_dev'
  const attributes = `Path=/; ${isSecure ? 'Secure; ' : ''}HttpOnly; SameSite=Lax`
  return {
    read: cookieHeader => {
      const pairs = (cookieHeader ?? '').split(';').map(pair => pair.trim())
      const value = pairs.find(pair => pair.startsWith(`${name}=`))?.slice(name.length + 1)
      return value !== undefined && WELL_FORMED.test(value) ? value : null
    },
    draw: () => randomBytes(32).toString('base64url'),
    set: value => `${name}=${value}; Max-Age=${MAX_AGE_SECONDS}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  }
}
