// Takes a refresh token to the identity provider at most once, however many terminals present it at the same
// time and on whichever replicas: one promise in the process, one lease in the store (S-55, S-58, S-59).
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { withDeadline } from '../lib/deadline.ts'
import type { Log } from '../lib/log.ts'
import {
  claimLease,
  endLease,
  type Lease,
  publishResult,
  readRefresh,
  type StoredRefresh,
} from '../store/session-refresh.ts'
import { nextStep } from './generation.ts'
import type { IdentityProvider, ProviderAnswer, RenewRequest } from './identity-provider.ts'
import { RecentRenewals } from './recent-renewals.ts'
import { type RefreshToken, wrapRefreshToken } from './refresh-token.ts'
import type { Sealer } from './seal.ts'
import { drawSid, IdentityShape, type SessionIdentity } from './token.ts'

const STORE_DEADLINE_MS = 2_000
const WAIT_STEP_MS = 100
const MAX_WAIT_MS = 4_000

/** How long an IdP that did not answer is spared: terminals ask before every request in a bearer's last minutes. */
const SPARE_IDP_MS = 5_000

/** A fresh identity, and the token to ask for the next one with. */
export interface Renewed {
  readonly kind: 'renewed'
  readonly sid: string
  /** The generation of the refresh token to hand out. */
  readonly gen: number
  readonly identity: SessionIdentity
  /** The IdP's refresh token. */
  readonly rt: string
  /**
   * The token to hand out, the very same to everybody who shares this: a terminal that finds another one
   * in the credential file believes that it was overtaken, and drops its own newer one (S-58).
   */
  readonly wrapped: string
  readonly rotated: boolean
  /** Whether somebody else went to the identity provider for it. */
  readonly shared: boolean
  readonly groupsStale: boolean
}

export type Renewal = Renewed | Exclude<ProviderAnswer, { kind: 'renewed' }> | { readonly kind: 'reuse' }

export interface RenewalOptions {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly idp: Pick<IdentityProvider, 'renew'>
  readonly clock: Clock
  readonly log: Log
  readonly graceSeconds: number
  readonly idleDays: number
  /** How long one question to the store may take, in milliseconds; default 2000. */
  readonly storeMs?: number
  /** Waits between two looks at somebody else's lease; a test's does not. */
  readonly pause?: (ms: number) => Promise<unknown>
}

type ProviderRenewed = Extract<ProviderAnswer, { kind: 'renewed' }>

/** The store did not answer, for whatever reason. */
class StoreSilent extends Error {}

/** Renews sessions at the identity provider, one at a time each. */
export class Renewals {
  readonly #options: RenewalOptions
  readonly #flights = new Map<string, Promise<Renewal>>()
  readonly #recent: RecentRenewals
  #idpSparedUntil = Number.NEGATIVE_INFINITY

  constructor(options: RenewalOptions) {
    this.#options = options
    this.#recent = new RecentRenewals(options.clock, options.graceSeconds)
  }

  /** Renews the session of a wrapped token; without the store, generations go unchecked. */
  renew(token: RefreshToken, { isStoreUp }: { isStoreUp: boolean }): Promise<Renewal> {
    return this.#once(`${token.sid} ${token.gen}`, async () => {
      const remembered = this.#recent.find(token, { isStoreUp })
      if (remembered !== null) return { ...remembered, shared: true }
      try {
        return isStoreUp ? await this.#renewUnderLease(token) : await this.#renewAlone(token)
      } catch (error) {
        if (error instanceof StoreSilent) return this.#renewAlone(token)
        throw error
      }
    })
  }

  /** Renews with a token of the IdP itself: a session that begins here. */
  renewRaw(request: RenewRequest): Promise<Renewal> {
    return this.#once(`raw ${request.refreshToken}`, async () => {
      const answer = await this.#ask(request)
      if (answer.kind !== 'renewed') return answer
      return this.#wrap(answer, { sid: drawSid(), gen: 0, rt: request.refreshToken })
    })
  }

  async #once(key: string, begin: () => Promise<Renewal>): Promise<Renewal> {
    const running = this.#flights.get(key)
    if (running !== undefined) {
      const renewal = await running
      return renewal.kind === 'renewed' ? { ...renewal, shared: true } : renewal
    }
    if (this.#options.clock() < this.#idpSparedUntil) return unavailable('idp_spared')
    const flight = begin().finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight
  }

  async #renewUnderLease(token: RefreshToken): Promise<Renewal> {
    const { pool, graceSeconds, pause } = this.#options
    const lease = { sid: token.sid, gen: token.gen, holder: randomUUID() }
    for (let waitedMs = 0; ; waitedMs += WAIT_STEP_MS) {
      if (await this.#fromStore(claimLease(pool, lease, this.#rowExpiry())))
        return this.#renewAs(lease, token)
      const stored = await this.#fromStore(readRefresh(pool, token.sid))
      const step = nextStep(stored, token.gen, graceSeconds)
      if (step === 'reuse') return { kind: 'reuse' }
      if (step === 'share') return this.#share(stored!, token) // only a stored row can be shared
      if (waitedMs >= MAX_WAIT_MS) return unavailable('refresh_busy')
      await (pause ?? sleep)(WAIT_STEP_MS)
    }
  }

  async #renewAs(lease: Lease, token: RefreshToken): Promise<Renewal> {
    const answer = await this.#ask({ refreshToken: token.rt, sub: token.sub })
    if (answer.kind !== 'renewed') {
      await this.#tell(endLease(this.#options.pool, lease))
      return answer
    }
    const renewed = await this.#wrap(answer, token)
    const sealed = await this.#options.sealer.seal('grant', {
      sid: renewed.sid,
      gen: renewed.gen,
      identity: renewed.identity,
      rt: renewed.rt,
      wrapped: renewed.wrapped,
      groups_stale: renewed.groupsStale,
    })
    const result = { gen: renewed.gen, sealed, expiresAt: this.#rowExpiry() }
    const isPublished = await this.#tell(publishResult(this.#options.pool, lease, result))
    this.#recent.add(token, renewed, { isPublished })
    return renewed
  }

  async #renewAlone(token: RefreshToken): Promise<Renewal> {
    const remembered = this.#recent.find(token, { isStoreUp: false })
    if (remembered !== null) return { ...remembered, shared: true }
    const answer = await this.#ask({ refreshToken: token.rt, sub: token.sub })
    if (answer.kind !== 'renewed') return answer
    const renewed = await this.#wrap(answer, token)
    this.#recent.add(token, renewed, { isPublished: false })
    return renewed
  }

  async #share(stored: StoredRefresh, token: RefreshToken): Promise<Renewal> {
    const opened = SharedShape.safeParse(await this.#options.sealer.open('grant', stored.sealed ?? ''))
    // A row may be ahead of what was last shared in it: its lease was claimed, and brought nothing.
    const isOfRow = opened.success && opened.data.sid === token.sid && opened.data.gen === stored.gen
    if (!isOfRow) return unavailable('nothing_shared')
    const { groups_stale: groupsStale, ...result } = opened.data
    return { kind: 'renewed', ...result, rotated: result.gen > token.gen, shared: true, groupsStale }
  }

  async #wrap(answer: ProviderRenewed, token: Pick<RefreshToken, 'sid' | 'gen' | 'rt'>): Promise<Renewed> {
    const { identity, groupsStale } = answer
    const rotated = answer.refreshToken !== null
    const next = {
      sid: token.sid,
      gen: rotated ? token.gen + 1 : token.gen,
      rt: answer.refreshToken ?? token.rt,
    }
    const wrapped = await wrapRefreshToken({ ...next, sub: identity.sub }, this.#options)
    return { kind: 'renewed', ...next, identity, wrapped, rotated, shared: false, groupsStale }
  }

  async #ask(request: RenewRequest): Promise<ProviderAnswer> {
    const answer = await this.#options.idp.renew(request)
    if (answer.kind === 'unavailable' && answer.network) {
      this.#idpSparedUntil = this.#options.clock() + SPARE_IDP_MS
    }
    return answer
  }

  /** Reports whether the store took what it was told. If not, the lease ends by itself and the answer stands. */
  async #tell(told: Promise<unknown>): Promise<boolean> {
    try {
      return (await withDeadline(told, this.#storeMs)) !== false
    } catch (error) {
      this.#options.log.warn('a refreshed session could not be shared with the other replicas', {
        cause: error instanceof Error ? error.message : String(error),
      })
      return false
    }
  }

  async #fromStore<T>(answer: Promise<T>): Promise<T> {
    try {
      return await withDeadline(answer, this.#storeMs)
    } catch (cause) {
      throw new StoreSilent('the store did not answer', { cause })
    }
  }

  get #storeMs(): number {
    return this.#options.storeMs ?? STORE_DEADLINE_MS
  }

  #rowExpiry(): Date {
    return new Date(this.#options.clock() + this.#options.idleDays * 86_400_000)
  }
}

const SharedShape = z.object({
  sid: z.string(),
  gen: z.int(),
  identity: IdentityShape,
  rt: z.string(),
  wrapped: z.string(),
  groups_stale: z.boolean(),
})

function unavailable(err: string): Renewal {
  return { kind: 'unavailable', network: false, err }
}
