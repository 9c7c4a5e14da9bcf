import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Reports whether two secrets are the same, in a time that tells nothing about where they differ.
 *
 * Digests are compared, so that lengths may differ too.
 */
export function isEqual(presented: string, expected: string): boolean {
  return timingSafeEqual(digest(presented), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
