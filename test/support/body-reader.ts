import type { RouteOptions } from 'fastify'
import type { ServerOptions } from '../../app/http/server.ts'
import { type ReadOptions, readRequestBody } from '../../app/inference/request-body.ts'
import { startListener, type TestListener } from './listener.ts'

/** A listener that reads inference bodies. */
export interface BodyReader extends TestListener {
  post(body: string | Uint8Array<ArrayBuffer>, headers?: Record<string, string>): Promise<Response>
  /** How each reading ended, in order: what was read, or the error. */
  readonly outcomes: readonly unknown[]
  readonly firstOutcome: Promise<unknown>
}

/** A listener whose one route reads inference bodies and answers what they say. */
export async function startBodyReader(
  options: Partial<ReadOptions> = {},
  overrides: Partial<ServerOptions> = {},
): Promise<BodyReader> {
  const outcomes: unknown[] = []
  const { promise: firstOutcome, resolve: ended } = Promise.withResolvers<unknown>()
  const record = (outcome: unknown) => {
    outcomes.push(outcome)
    ended(outcome)
  }
  const route: RouteOptions = {
    method: 'POST',
    url: '/v1/messages',
    handler: async request => {
      try {
        const body = await readRequestBody(request, { maxBytes: 33_554_432, ...options })
        const { model, stream, length, chunks } = body
        const sum = chunks.reduce((total, chunk) => total + chunk.length, 0)
        body.release()
        record(model)
        return { model, stream, length, sum, kept: body.chunks.length }
      } catch (error) {
        record(error)
        throw error
      }
    },
  }
  const listener = await startListener([route], overrides)
  const url = `http://127.0.0.1:${listener.port}/v1/messages`
  const post = (body: string | Uint8Array<ArrayBuffer>, headers = {}) =>
    fetch(url, { method: 'POST', body, headers })
  return Object.assign(listener, { post, outcomes, firstOutcome })
}
