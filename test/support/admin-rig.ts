// A whole gateway with an Admin API, and a client of its own for it: raw requests, and answers as they stood on the wire.
import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { AuditEvent } from '../../app/audit/events.ts'
import { openWholeGateway, type Surroundings, type WholeGateway } from './whole-gateway.ts'

export const WRITE_KEY = 'marked-admin-write-key-0123456789abcdef'
export const READ_KEY = 'marked-admin-read-key-0123456789abcdefg'
export const ADMIN = {
  write_keys: [{ id: 'terraform', key: WRITE_KEY }],
  read_keys: [{ id: 'reporting', key: READ_KEY }],
  admin_groups: ['platform-finops', 'owners'],
}
export const LIMITS = '/v1/organizations/spend_limits'

export interface AdminAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface AdminRequest {
  /** `x-api-key`; null for none. Default: the write key. */
  readonly key?: string | null
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | string[]>>
}

export interface AdminRig extends AsyncDisposable {
  readonly whole: WholeGateway
  readonly port: number
  call(method: string, target: string, options?: AdminRequest): Promise<AdminAnswer>
  /** A call that must succeed; its body, parsed. */
  done(method: string, target: string, options?: AdminRequest): Promise<Record<string, unknown>>
  /** Makes a cap and answers its document. */
  set(body: Readonly<Record<string, unknown>>, options?: AdminRequest): Promise<Record<string, unknown>>
  /** A bearer of this gateway. */
  bearer(sub: string, groups?: readonly string[]): Promise<string>
  /** Audit events whose name begins with `admin.`, without the request's id. */
  events(): object[]
  /** All rows of a table, as one would see them in psql. */
  rows(table: string): Promise<Record<string, unknown>[]>
}

export async function openAdmin(options: Surroundings & { admin?: object } = {}): Promise<AdminRig> {
  const { admin = ADMIN, sections, ...others } = options
  const whole = await openWholeGateway({ ...others, sections: { admin, ...sections } })
  const port = Number(new URL(whole.gateway.url).port)
  const rig: AdminRig = {
    ...{ whole, port },
    call: (method, target, { key = WRITE_KEY, body, headers = {} } = {}) =>
      send(port, {
        ...{ method, target, body },
        headers: { ...(key !== null && { 'x-api-key': key }), ...headers },
      }),
    async done(method, target, request) {
      const answer = await rig.call(method, target, request)
      assert.equal(answer.status, 200, answer.body)
      return JSON.parse(answer.body)
    },
    set: (body, request) => rig.done('POST', LIMITS, { ...request, body }),
    async bearer(sub, groups) {
      const { tokens } = whole.gateway.services
      return (await tokens.mint({ sub, ...(groups && { groups }) }, 'family')).token
    },
    events: () => whole.gateway.events.filter(({ evt }) => evt.startsWith('admin.')).map(withoutId),
    async rows(table) {
      return (await whole.database.pool.query(`select * from ${table}`)).rows
    },
    [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
  }
  return rig
}

function withoutId(event: AuditEvent): object {
  return Object.fromEntries(Object.entries(event).filter(([name]) => name !== 'request_id'))
}

interface Sent {
  readonly method: string
  readonly target: string
  /** Text and bytes go as they are, all else as JSON. */
  readonly body: unknown
  readonly headers: Readonly<Record<string, string | string[]>>
}

async function send(port: number, { method, target, body, headers }: Sent): Promise<AdminAnswer> {
  const bytes =
    body === undefined || typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body)
  const isCounted = bytes !== undefined && headers['transfer-encoding'] === undefined
  const length = isCounted ? { 'content-length': Buffer.byteLength(bytes) } : {}
  const sent = request({ host: '127.0.0.1', port, method, path: target, headers: { ...length, ...headers } })
  const answered = Promise.withResolvers<IncomingMessage>()
  sent.on('response', answered.resolve).on('error', answered.reject)
  sent.end(bytes)
  const response = await answered.promise
  const received = await text(response)
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(
      Object.entries(response.headersDistinct).map(([name, values = []]) => [name, values.join(' + ')]),
    ),
    body: received,
  }
}

/** Asserts a refusal in the shape of the Admin API: status, every byte, every header that says something. */
export function assertAdminRefusal(answer: AdminAnswer, status: number, type: string, message: string): void {
  const { date, 'keep-alive': keepAlive, connection, 'content-length': length, ...headers } = answer.headers
  const requestId = adminIdOf(answer)
  const body = `{"type":"error","error":${JSON.stringify({ type, message })},"request_id":"${requestId}"}`
  assert.deepEqual([answer.status, answer.body], [status, body])
  assert.deepEqual(headers, {
    'cache-control': 'no-store',
    'content-type': 'application/json',
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'request-id': requestId,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': headers['x-request-id'],
    ...(status === 503 && { 'retry-after': '5' }),
  })
  assert.equal(length, String(Buffer.byteLength(body)))
}

/** The id that an answer must carry, made of its `x-request-id`. */
function adminIdOf({ headers }: AdminAnswer): string {
  const id = headers['x-request-id'] ?? ''
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  return `req_${id.replaceAll('-', '')}`
}

/** Asserts a success: every byte, and every header that says something. */
export function assertAdminAnswer(answer: AdminAnswer, body: string, others: object = {}): void {
  const { date, 'keep-alive': keepAlive, connection, 'content-length': length, ...headers } = answer.headers
  assert.deepEqual([answer.status, answer.body], [200, body])
  assert.deepEqual(headers, {
    'content-type': 'application/json',
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'request-id': adminIdOf(answer),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': headers['x-request-id'],
    ...others,
  })
  assert.equal(length, String(Buffer.byteLength(body)))
}
