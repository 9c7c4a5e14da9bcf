import type { StoredRefresh } from '../store/session-refresh.ts'

/** A result shared this recently serves everybody who presents the generation that it came from. */
export const SHARE_SECONDS = 10

/**
 * What to do with a refresh token when its lease was not to be had:
 *
 * - `wait`: somebody is at the identity provider with it, look again in a moment.
 * - `share`: take what they brought.
 * - `claim`: nobody is, and nothing was brought; try for the lease again.
 * - `reuse`: it was replaced longer ago than any healthy pair of terminals needs.
 */
export type GenerationStep = 'wait' | 'share' | 'claim' | 'reuse'

/**
 * Decides from the stored row alone (S-58). Only the immediately previous generation has a grace; an older
 * one is never forwarded to the identity provider, which might take it for theft.
 */
export function nextStep(
  stored: StoredRefresh | null,
  presentedGen: number,
  graceSeconds: number,
): GenerationStep {
  if (stored === null) return 'claim'
  const ahead = stored.gen - presentedGen
  if (ahead <= 0 && stored.isLeased) return 'wait'
  if (ahead === 0) return wasSharedWithin(stored, SHARE_SECONDS) ? 'share' : 'claim'
  if (ahead < 0) return 'claim'
  return ahead === 1 && wasSharedWithin(stored, graceSeconds) ? 'share' : 'reuse'
}

function wasSharedWithin(stored: StoredRefresh, seconds: number): boolean {
  return stored.sealed !== null && stored.sharedSecondsAgo !== null && stored.sharedSecondsAgo <= seconds
}
