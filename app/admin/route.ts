// What every call of the Admin API has in common: who may, within which time, and how an answer looks.
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Audit, AuditEvent } from '../audit/events.ts'
import { Refusal } from '../http/errors.ts'
import { adminRequestId } from '../http/request-id.ts'
import { targetPath } from '../http/target.ts'
import type { Administrator, Denial, FindAdministrator } from './credentials.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls the Admin API; only its own routes may read it. */
    administrator: Administrator
  }
}

/** The largest body (H-15). */
export const MAX_BODY_BYTES = 65_536

/** What a call answers with status 200: JSON, or its text, unless it says another type. */
export interface AdminAnswer {
  readonly body: object | string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface AdminRouteOptions {
  readonly findAdministrator: FindAdministrator
  readonly audit: Audit
}

export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly answer: (request: FastifyRequest) => Promise<AdminAnswer>
}

/** The route of one call. Whoever may not make it learns that before a byte of the body is read (M-49). */
export function adminRoute(options: AdminRouteOptions, { method, url, answer }: AdminCall): RouteOptions {
  const isRead = method === 'GET'
  return {
    method,
    url,
    config: { envelope: 'admin', maxBodyBytes: MAX_BODY_BYTES },
    onRequest: request => letIn(options, request, isRead ? 'read' : 'write'),
    handler: async (request, reply) => send(reply, { ...(await answer(request)), isRead }),
  }
}

async function letIn(
  options: AdminRouteOptions,
  request: FastifyRequest,
  right: 'read' | 'write',
): Promise<void> {
  const administrator = await options.findAdministrator(request.raw.rawHeaders)
  if (typeof administrator === 'string') {
    options.audit.write(denied(request, administrator))
    throw new Refusal('admin_unauthenticated', TEXTS[administrator])
  }
  if (right === 'write' && !administrator.mayWrite) {
    options.audit.write(denied(request, 'insufficient'))
    throw new Refusal('admin_forbidden', 'this key may only read: a change needs a key of admin.write_keys')
  }
  request.administrator = administrator
}

const TEXTS: Readonly<Record<Denial, string>> = {
  no_credentials: 'the Admin API needs an x-api-key, or the bearer of an administrator',
  invalid_key: 'the x-api-key is not one of this gateway',
  bearer_rejected: 'the bearer is not valid, or not one of an administrator',
}

function denied(
  request: FastifyRequest,
  reason: Extract<AuditEvent, { evt: 'admin.denied' }>['reason'],
): AuditEvent {
  return {
    evt: 'admin.denied',
    ...{ request_id: request.id, reason, method: request.method },
    path: targetPath(request.url),
    client_ip: request.clientAddress,
  }
}

function send(
  reply: FastifyReply,
  { body, type = 'application/json', headers = {}, isRead }: AdminAnswer & { isRead: boolean },
): FastifyReply {
  return reply
    .headers({ ...headers, ...(isRead && { 'cache-control': 'no-store' }) })
    .header('request-id', adminRequestId(reply.request.id))
    .type(type)
    .send(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))) // as bytes, or Fastify adds a charset
}
