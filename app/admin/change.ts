// One change through the Admin API: what is changed, its row in the trail and the answer that is kept stand or fall together.
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Pool, PoolClient } from 'pg'
import type { Audit, AuditEvent } from '../audit/events.ts'
import { Refusal } from '../http/errors.ts'
import { type AuditEntry, addAudit } from '../store/admin-audit.ts'
import { claimKey, type KeptAnswer, keepAnswer } from '../store/admin-idempotency.ts'
import { wrong } from './field.ts'
import type { AdminAnswer } from './route.ts'
import { storeAnswer } from './store-answer.ts'

export interface ChangeOptions {
  readonly pool: Pool
  readonly audit: Audit
  /** Told after every change, as caps may be others from now on. */
  readonly capsChanged: () => void
}

/** What was done, told by whoever did it. */
export interface Done {
  readonly body: object
  readonly entry: Omit<AuditEntry, 'requestId'>
  /** Written once the change is committed. */
  readonly event: AuditEvent
  /** Whether a repeat may be answered from memory. Default true. */
  readonly isKept?: boolean
}

export interface Change {
  readonly request: FastifyRequest
  /** The bytes of the request's body, if it has one. */
  readonly body?: Buffer
  /** Headers of the answer, a repeated one too. */
  readonly headers?: (client: PoolClient) => Promise<Readonly<Record<string, string>>>
  /** Does the work in the transaction, or throws: then nothing happened. */
  readonly work: (client: PoolClient) => Promise<Done>
}

/** Makes the change, or answers what was answered to the same `Idempotency-Key` before (M-58, M-59). */
export async function answerChange(options: ChangeOptions, change: Change): Promise<AdminAnswer> {
  const { request } = change
  const key = idempotencyKeyOf(request)
  const owned = key === null ? null : { actor: request.administrator.actor, key }
  const requestHash = hashOf(change)
  const outcome = await storeAnswer(options.pool, 'write', async client => {
    const headers = (await change.headers?.(client)) ?? {}
    const kept = owned && (await claimKey(client, owned))
    if (kept !== null) return { ...replayed(kept, requestHash), headers }
    const { entry, event, ...done } = await change.work(client)
    await addAudit(client, { ...entry, requestId: request.id })
    const body = JSON.stringify(done.body)
    if (owned !== null && done.isKept !== false) await keepAnswer(client, owned, { requestHash, body })
    return { body, event, headers }
  })
  const { body, event, headers } = outcome
  if (event === null) return { body, headers: { ...headers, 'idempotency-replayed': 'true' } }
  options.audit.write(event)
  options.capsChanged()
  return { body, headers }
}

function replayed(kept: KeptAnswer, requestHash: Buffer): { body: string; event: null } {
  if (!kept.requestHash.equals(requestHash)) {
    throw new Refusal('conflict', 'Idempotency-Key: was used for another request')
  }
  return { body: kept.body, event: null }
}

const PRINTABLE = /^[\x20-\x7e]{1,255}$/

function idempotencyKeyOf({ raw }: FastifyRequest): string | null {
  const [key, ...others] = raw.headersDistinct['idempotency-key'] ?? []
  if (key === undefined) return null
  if (others.length > 0) throw wrong('Idempotency-Key', 'must not be repeated')
  if (!PRINTABLE.test(key)) throw wrong('Idempotency-Key', 'must be 1 to 255 printable ASCII characters')
  return key
}

/** Of method, path with its query, and body: what makes two requests the same. */
function hashOf({ request, body = Buffer.alloc(0) }: Change): Buffer {
  return createHash('sha256').update(`${request.method} ${request.raw.url}\n`).update(body).digest()
}
