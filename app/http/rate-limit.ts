// Sign-in's limits: how often one network may ask for codes or try them, over all replicas together.
import type { Pool } from 'pg'
import type { RateLimitsConfig } from '../config/http-tuning.ts'
import { formatAddress, parseAddress, parseRange, unmapped } from '../lib/address.ts'
import type { Log } from '../lib/log.ts'
import { countHit, returnHit, takeHit } from '../store/rate-windows.ts'

export type RateLimitSetting = keyof RateLimitsConfig

export type RateVerdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly retryAfterSeconds: number }

/**
 * The limits, by setting and client address. Every method rejects when the store cannot count: a limit
 * that cannot be read is never skipped.
 */
export interface RateLimits {
  /** Counts one try before its work is done. */
  count(setting: RateLimitSetting, address: string): Promise<RateVerdict>
  /** Takes one try if one is left; reports whether it was. A refusal here counts nothing and logs nothing. */
  take(setting: RateLimitSetting, address: string): Promise<boolean>
  /** Gives a taken try back, for work that turned out not to be a guess. */
  giveBack(setting: RateLimitSetting, address: string): Promise<void>
}

export interface RateLimitOptions {
  readonly pool: Pool
  readonly limits: RateLimitsConfig
  readonly log: Log
}

/** Opens the limits over the store's windows. */
export function createRateLimits({ pool, limits, log }: RateLimitOptions): RateLimits {
  const allowance = (setting: RateLimitSetting, address: string) => ({
    key: `${setting} ${networkOf(address)}`,
    max: limits[setting].max,
    windowSeconds: limits[setting].window_seconds,
  })
  return {
    count: async (setting, address) => {
      const { key, max, windowSeconds } = allowance(setting, address)
      const window = await countHit(pool, key, windowSeconds)
      if (window.hits <= max) return { kind: 'allowed' }
      // The count itself says which refusal is the window's first, on whichever replica it happens.
      if (window.hits === max + 1) {
        log.warn(
          `sign-in refused: ${networkOf(address)} reached rate_limits.${setting} (${max} per ${windowSeconds} s)`,
        )
      }
      return { kind: 'refused', retryAfterSeconds: window.endsInSeconds }
    },
    take: (setting, address) => takeHit(pool, allowance(setting, address)),
    giveBack: (setting, address) => returnHit(pool, allowance(setting, address)),
  }
}

/**
 * The network that an address counts for: itself for IPv4, its /64 for IPv6, where one subscriber has
 * at least that many addresses to hop between (RFC 6177 section 2).
 */
export function networkOf(text: string): string {
  const address = parseAddress(text)
  if (address === null) return text
  const plain = unmapped(address)
  if (plain.family === 4) return formatAddress(plain)
  const network = parseRange(`${text}/64`)
  return network === null ? text : `${formatAddress(network.base)}/64`
}
