// Where clients send their telemetry.
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { readBodyWithin } from '../http/body.ts'
import { SIGNALS, type Signal } from './ledger.ts'
import type { Relay } from './relay.ts'

export interface TelemetryRoutesOptions {
  /** Refuses whoever is not signed in. */
  readonly bearer: (request: FastifyRequest) => Promise<void>
  readonly relay: Pick<Relay, 'accept' | 'discard'>
  /** What is held of all exports that have not arrived whole; beyond it they are taken and thrown away. Default 128 MiB. */
  readonly maxReceivingBytes?: number
}

const MAX_BODY_BYTES = 16 * 1024 * 1024

const MAX_RECEIVING_BYTES = 128 * 1024 * 1024

/**
 * `POST /v1/metrics`, `/v1/logs` and `/v1/traces`: clients' telemetry (OTLP/HTTP).
 *
 * Once the caller is known and the body is within 16 MiB the answer is 200, before anything is forwarded: no failure
 * of a collector reaches a client. The routes exist without collectors too, as clients export whatever they find.
 */
export function telemetryRoutes(options: TelemetryRoutesOptions): RouteOptions[] {
  const shared = { left: options.maxReceivingBytes ?? MAX_RECEIVING_BYTES }
  return SIGNALS.map(signal => ({
    method: 'POST',
    url: `/v1/${signal}`,
    config: { maxBodyBytes: MAX_BODY_BYTES },
    onRequest: options.bearer,
    handler: async (request, reply) => {
      const body = await readBodyWithin(request, MAX_BODY_BYTES, shared)
      if (body === null) options.relay.discard(signal, Number(request.headers['content-length'] ?? 0))
      else options.relay.accept(exportOf(request, signal, body))
      return success(request, reply)
    },
  }))
}

function exportOf(request: FastifyRequest, signal: Signal, body: Buffer) {
  const { 'content-type': contentType, 'content-encoding': contentEncoding } = request.headers
  return { signal, contentType, contentEncoding, body }
}

/** An empty success in the encoding of the request: `{}` would be a broken message to a protobuf exporter. */
function success(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/json')
    return reply.header('content-type', 'application/json').send(Buffer.from('{}'))
  return reply
    .headers({ 'content-type': 'application/x-protobuf', 'content-length': 0 })
    .send(Buffer.alloc(0))
}
