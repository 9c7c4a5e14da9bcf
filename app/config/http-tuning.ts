/** The reference's blocks that tune the listener: who may connect, how much, how long, how often. */
import type { z } from 'zod'
import { addressList } from './address-list.ts'
import { closed, decimal, flag, milliseconds, whole } from './scalar.ts'

/** The parser's bound, whatever the file says. */
export const MAX_HEADER_BYTES = 262_144

/** Which addresses may connect at all; health probes are exempt. */
export const AccessControlSection = closed({
  /** Empty = everybody. */
  allow_cidrs: addressList().default([]),
  deny_cidrs: addressList().default([]),
})

/** Sizes of requests. */
export const LimitsSection = closed({
  max_request_bytes: whole(1).default(33_554_432),
  /** Can only lower the parser's 256 KiB: more is taken for as much. */
  max_request_header_bytes: whole(1)
    .transform(bytes => Math.min(bytes, MAX_HEADER_BYTES))
    .default(MAX_HEADER_BYTES),
  max_url_length: whole(1).optional(),
})

/** Time-outs of the reference. */
export const TimeoutsSection = closed({
  /** Unset: 120000 for `anthropic`, 300000 for the other providers. Set: all of them. */
  upstream_ttfb_ms: milliseconds(1).optional(),
})

/** Sign-in attempts per client address and window. */
export const RateLimitsSection = closed({
  device_authorization: window(30),
  device_verify: window(10),
})

/** A rehearsal without upstream calls. */
export const LoadTestSection = closed({
  enabled: flag(),
  reply_tokens: whole(1, 100_000).default(750),
  reply_seconds: decimal({ min: 0, max: 600 }).default(9.5),
})

/** `access_control`, defaults filled in. */
export type AccessControlConfig = z.infer<typeof AccessControlSection>
/** `limits`, defaults filled in. */
export type LimitsConfig = z.infer<typeof LimitsSection>
/** `timeouts`, defaults filled in. */
export type TimeoutsConfig = z.infer<typeof TimeoutsSection>
/** `rate_limits`, defaults filled in. */
export type RateLimitsConfig = z.infer<typeof RateLimitsSection>
/** `load_test_mode`, defaults filled in. */
export type LoadTestConfig = z.infer<typeof LoadTestSection>

function window(max: number) {
  return closed({ max: whole(1).default(max), window_seconds: whole(1).default(600) }).prefault({})
}
