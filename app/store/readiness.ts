// Whether the database can serve sign-in, for the load balancer that asks every replica again and again.

import type pg from 'pg'
import type { Clock } from '../lib/clock.ts'
import { withDeadline } from '../lib/deadline.ts'
import type { Log } from '../lib/log.ts'
import { codeOf } from './boot-fault.ts'

export interface ReadinessOptions {
  /** A pool of its own, so that requests in need of a connection cannot make the replica look dead. */
  readonly probe: pg.Pool
  readonly log: Log
  readonly clock: Clock
  /** How long after the first failure the answer stays "ready". */
  readonly graceSeconds: number
}

export interface Readiness {
  /** Whether sign-in can be served, or could a moment ago, within the grace. */
  isReady(): Promise<boolean>
  /** Whether the database answers and can be written to, without any grace. */
  isUp(): Promise<boolean>
}

interface Answer {
  readonly isUp: boolean
  readonly isReady: boolean
}

const SHARED_MS = 1000
const ANSWER_MS = 2000
const WARN_EVERY_MS = 30_000

/** One query a second at most, however many ask. */
export function createReadiness({ probe, log, clock, graceSeconds }: ReadinessOptions): Readiness {
  let last: { at: number; answer: Promise<Answer> } | null = null
  let failingSince: number | null = null
  let warnedAt: number | null = null

  const ask = async (): Promise<Answer> => {
    const fault = await faultOf(probe)
    const now = clock()
    if (fault === null) {
      if (failingSince !== null) log.info('the store answers again')
      failingSince = null
      warnedAt = null
      return { isUp: true, isReady: true }
    }
    failingSince ??= now
    const isGraced = now - failingSince < graceSeconds * 1000
    if (warnedAt === null || now - warnedAt >= WARN_EVERY_MS) {
      warnedAt = now
      const consequence = isGraced ? 'still ready, by store.readiness_grace_seconds' : 'not ready'
      log.warn(`the store ${fault}: ${consequence}`)
    }
    return { isUp: false, isReady: isGraced }
  }
  const shared = (): Promise<Answer> => {
    const now = clock()
    if (last === null || now - last.at >= SHARED_MS) last = { at: now, answer: ask() }
    return last.answer
  }

  return {
    isReady: async () => (await shared()).isReady,
    isUp: async () => (await shared()).isUp,
  }
}

async function faultOf(probe: pg.Pool): Promise<string | null> {
  try {
    const { rows } = await withDeadline(
      probe.query<{ read_only: boolean }>({
        name: 'readiness',
        text: `select current_setting('transaction_read_only')::boolean as read_only`,
      }),
      ANSWER_MS,
    )
    return rows[0]?.read_only ? 'is read-only' : null
  } catch (error) {
    return `does not answer (${codeOf(error)})`
  }
}
