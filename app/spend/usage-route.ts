// GET /api/oauth/usage: how much a developer has spent of what they may, for the client's own page.
import type { FastifyRequest, RouteOptions } from 'fastify'
import { Refusal } from '../http/errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import { periodsAt } from '../lib/periods.ts'
import type {} from '../session/bearer.ts'
import type { GroupLimitMode } from './caps.ts'
import type { SpendReader } from './spend-reader.ts'
import { usageDocument } from './usage-document.ts'
import { budgetsOf } from './verdict.ts'

export interface UsageDocumentsOptions {
  readonly reader: Pick<SpendReader, 'read'>
  readonly groupLimitMode: GroupLimitMode
  readonly clock: Clock
}

/** A client asks again and again while its page is open. */
const KEPT_MS = 2000

interface Kept {
  readonly madeAt: number
  readonly document: Promise<string>
}

/** The documents of the last two seconds, by the person as one bearer names them: with the bearer they go. */
export class UsageDocuments {
  readonly #options: UsageDocumentsOptions
  #kept = new WeakMap<Identity, Kept>()

  constructor(options: UsageDocumentsOptions) {
    this.#options = options
  }

  /** Rejects with `store_unavailable` when spend cannot be read. */
  of(identity: Identity): Promise<string> {
    const now = this.#options.clock()
    const kept = this.#kept.get(identity)
    if (kept !== undefined && now >= kept.madeAt && now - kept.madeAt < KEPT_MS) return kept.document
    const document = this.#make(identity, now)
    this.#kept.set(identity, { madeAt: now, document })
    return document
  }

  /** A cap was set, changed or deleted: whoever asks from now on sees it. */
  capsChanged(): void {
    this.#kept = new WeakMap()
  }

  async #make(identity: Identity, now: number): Promise<string> {
    const { reader, groupLimitMode: mode } = this.#options
    const periods = periodsAt(now)
    const reading = await reader.read(identity, periods)
    if (reading.kind === 'read')
      return usageDocument(reading.standing, budgetsOf(reading.standing, { periods, mode }))
    throw new Refusal('store_unavailable', UNREADABLE, { cause: reading.cause })
  }
}

const UNREADABLE = 'what you have spent cannot be read right now; try again in a minute'

interface UsageRouteOptions {
  readonly documents: Pick<UsageDocuments, 'of'>
  /** Sets `request.session`, or refuses. */
  readonly bearer: (request: FastifyRequest) => Promise<void>
}

export function usageRoute({ documents, bearer }: UsageRouteOptions): RouteOptions {
  return {
    method: 'GET',
    url: '/api/oauth/usage',
    config: { headers: { 'cache-control': 'no-store' } },
    onRequest: bearer,
    handler: async (request, reply) => {
      const document = await documents.of(request.session.identity)
      return reply.type('application/json').send(document)
    },
  }
}
