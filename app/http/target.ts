/**
 * The path of a request target: what stands before `?`, byte for byte.
 *
 * The scheme and authority of an absolute-form target (RFC 9112 section 3.2.2) are dropped: nothing is ever
 * derived from them.
 */
export function targetPath(url: string): string {
  const start = url.startsWith('/') ? 0 : originLength(url)
  const query = url.indexOf('?', start)
  const path = url.slice(start, query === -1 ? undefined : query)
  return path === '' ? '/' : path
}

/** The target without its query, as a log or an audit event may show it. */
export function targetWithoutQuery(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function originLength(url: string): number {
  return /^https?:\/\/[^/?#]*/i.exec(url)?.[0].length ?? 0
}
