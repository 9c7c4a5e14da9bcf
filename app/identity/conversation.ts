/** One sign-in's or refresh's exchange with the identity provider: so much time for each call, so much in all. */
export interface Conversation {
  /** The gateway's guarded fetch, under these limits. */
  readonly fetch: typeof globalThis.fetch
  remainingMs(): number
}

export interface TimeLimits {
  readonly callMs: number
  readonly totalMs: number
  /** Ends every call early. */
  readonly signal?: AbortSignal | undefined
}

export function startConversation(guarded: typeof globalThis.fetch, limits: TimeLimits): Conversation {
  const endsAt = performance.now() + limits.totalMs
  const whole = AbortSignal.timeout(limits.totalMs)
  return {
    remainingMs: () => Math.max(0, Math.floor(endsAt - performance.now())),
    fetch: (input, init) => {
      const signals = [whole, AbortSignal.timeout(limits.callMs), limits.signal, init?.signal].filter(
        signal => signal != null,
      )
      return guarded(input, { ...init, redirect: 'manual', signal: AbortSignal.any(signals) })
    },
  }
}
