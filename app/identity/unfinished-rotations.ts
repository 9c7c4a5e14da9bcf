import { createHash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'

/**
 * Refresh tokens that the IdP replaced in a renewal which then failed on something else.
 *
 * The developer's terminal was told 503 and keeps presenting the old one, which the IdP would refuse or punish;
 * within this time the new one is used in its place. Lost with the process, as the answer on the wire would be.
 */
export interface UnfinishedRotations {
  remember(presented: string, replacement: string): void
  /** What to show the IdP for `presented`. */
  current(presented: string): string
  forget(presented: string): void
}

const KEEP_MS = 60 * 60_000
const MAX_ENTRIES = 10_000

export function createUnfinishedRotations(clock: Clock): UnfinishedRotations {
  // Keyed by digest, so that only tokens which still work are held here.
  const replacements = new Map<string, { token: string; until: number }>()

  return {
    remember(presented, replacement) {
      const oldest = replacements.keys().next().value
      if (replacements.size >= MAX_ENTRIES && oldest !== undefined) replacements.delete(oldest)
      replacements.set(digest(presented), { token: replacement, until: clock() + KEEP_MS })
    },
    current(presented) {
      const found = replacements.get(digest(presented))
      return found && clock() < found.until ? found.token : presented
    },
    forget(presented) {
      replacements.delete(digest(presented))
    },
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
