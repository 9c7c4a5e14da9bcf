// Caps are set and taken away: `POST /v1/organizations/spend_limits`, `DELETE …/{id}`.
import { randomBytes } from 'node:crypto'
import type { FastifyRequest, RouteOptions } from 'fastify'
import type { PoolClient } from 'pg'
import { readBody } from '../http/body.ts'
import { Refusal } from '../http/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { periodsAt } from '../lib/periods.ts'
import { beginPool, excludeSettling } from '../store/pooled-spend.ts'
import { rearmAlerts } from '../store/spend-alerts.ts'
import { deleteLimit, lockLimit, putLimit, type SpendLimit } from '../store/spend-limits.ts'
import { warningHeaders } from './address-warning.ts'
import { answerChange, type ChangeOptions, type Done } from './change.ts'
import { limitDocument, limitSnapshot } from './limit-document.ts'
import { type LimitRequest, readLimitRequest } from './limit-request.ts'
import { type AdminRouteOptions, adminRoute, MAX_BODY_BYTES } from './route.ts'

export interface LimitChangeOptions extends AdminRouteOptions, ChangeOptions {
  readonly clock: Clock
  readonly groupLimitMode: 'min' | 'max'
}

/** Makes the cap of a scope and period, or replaces it; id and time of creation stay (M-52). */
export function setLimit(options: LimitChangeOptions): RouteOptions {
  return adminRoute(options, {
    method: 'POST',
    url: '/v1/organizations/spend_limits',
    answer: async request => {
      const body = await readBody(request, MAX_BODY_BYTES)
      const wanted = readLimitRequest(body)
      const work = (client: PoolClient) => upsert(client, { ...options, request, wanted })
      const headers = (client: PoolClient) => warningHeaders(client, wanted.scope)
      return answerChange(options, { request, body, headers, work })
    },
  })
}

async function upsert(
  client: PoolClient,
  { request, wanted, ...options }: LimitChangeOptions & { request: FastifyRequest; wanted: LimitRequest },
): Promise<Done> {
  const { actor } = request.administrator
  const before = await lockLimit(client, wanted.scope, wanted.period)
  const { poolAmount = before?.poolAmount ?? null } = wanted
  const beginsPool = poolAmount !== null && (before?.poolAmount ?? null) === null
  if (beginsPool) await excludeSettling(client)
  const after = await putLimit(client, { ...wanted, poolAmount }, { id: drawLimitId(), actor })
  if (beginsPool) await beginPool(client, after.scope.id, periodsAt(options.clock()).monthly)
  await rearm(client, after, options)
  return {
    body: limitDocument(after),
    entry: {
      ...{ actor, action: 'spend_limit.upsert', target: after.id },
      ...{ before: before && limitSnapshot(before), after: limitSnapshot(after) },
      reason: wanted.reason,
    },
    event: {
      ...{ evt: 'admin.limit.upsert', request_id: request.id, actor, ...eventFacts(after) },
      ...(before !== null && { before_amount: before.amount }),
      amount: after.amount,
      ...(before !== null && before.poolAmount !== null && { before_pool_amount: before.poolAmount }),
      ...(after.poolAmount !== null && { pool_amount: after.poolAmount }),
    },
  }
}

/** Takes a cap away; its scope is judged by the next wider one from then on. */
export function removeLimit(options: LimitChangeOptions): RouteOptions {
  return adminRoute(options, {
    method: 'DELETE',
    url: '/v1/organizations/spend_limits/:id',
    answer: request => answerChange(options, { request, work: client => remove(client, request, options) }),
  })
}

async function remove(
  client: PoolClient,
  request: FastifyRequest,
  options: LimitChangeOptions,
): Promise<Done> {
  const { actor } = request.administrator
  const id = limitIdOf(request)
  const before = id && (await deleteLimit(client, id))
  if (!before) throw unknownLimit()
  await rearm(client, before, options)
  return {
    body: { type: 'spend_limit_deleted', id: before.id },
    entry: {
      ...{ actor, action: 'spend_limit.delete', target: before.id },
      ...{ before: limitSnapshot(before), after: null, reason: null },
    },
    event: { evt: 'admin.limit.delete', request_id: request.id, actor, ...eventFacts(before) },
  }
}

/** Shares that what was spent does not reach any more, by the cap that holds now, may raise alerts again (M-48a). */
async function rearm(
  client: PoolClient,
  { scope, period }: SpendLimit,
  { clock, groupLimitMode }: LimitChangeOptions,
): Promise<void> {
  await rearmAlerts(client, { scope, period, key: periodsAt(clock())[period].key, groupLimitMode })
}

function eventFacts({ id, scope, period }: SpendLimit) {
  return { target: id, scope_type: scope.type, scope_id: scope.id, period }
}

/** The id in the path; null when it cannot be one. */
export function limitIdOf({ params }: FastifyRequest): string | null {
  const { id } = params as { id: string } // the routes that ask have this parameter
  return isLimitId(id) ? id : null
}

export function isLimitId(text: string): boolean {
  return /^spl_[0-9a-f]{32}$/.test(text)
}

export function unknownLimit(): Refusal {
  return new Refusal('unknown_limit', 'there is no spend limit with this id')
}

function drawLimitId(): string {
  return `spl_${randomBytes(16).toString('hex')}`
}
