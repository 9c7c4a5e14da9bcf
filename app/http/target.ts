/**
 * The path of a request target: what stands before `?`, byte for byte.
 *
 * The scheme and authority of an absolute-form target (RFC 9112 section 3.2.2) are dropped: nothing is ever
 * derived from them, and they may hold a password. So this is also what a log or an audit event may show of a target.
 */
export function targetPath(url: string): string {
  const start = url.startsWith('/') ? 0 : originLength(url)
  const query = url.indexOf('?', start)
  const path = url.slice(start, query === -1 ? undefined : query)
  return path === '' ? '/' : path
}

function originLength(url: string): number {
  return /^https?:\/\/[^/?#]*/i.exec(url)?.[0].length ?? 0
}
