/**
 * Reports whether an `If-None-Match` line names `tag`, which is quoted.
 *
 * Compared weakly (RFC 9110 section 8.8.3.2), as a proxy that compresses weakens tags. `*` and whatever is not
 * quoted name nothing.
 */
export function namesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some(entry => entry.trim().replace(/^W\//, '') === tag)
}
