// The listener that serves the metrics and nothing else (T-27).
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { announcesBody } from '../http/body.ts'
import { plainHeaders } from '../http/common-headers.ts'
import { createListener, LISTENER_BOUNDS } from '../http/listener.ts'
import { createParserErrors } from '../http/parser-errors.ts'
import { requestId } from '../http/request-id.ts'
import { targetPath } from '../http/target.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type MetricsPage, PAGE_HEADERS, REFUSED_HEADERS } from './metrics-page.ts'

export interface MetricsListenerOptions {
  readonly page: MetricsPage
  readonly host: string
  /** 0 takes any that is free. */
  readonly port: number
  readonly path: string
  readonly log: Log
  readonly clock: Clock
}

export interface MetricsListener extends AsyncDisposable {
  /** Where it listens. */
  readonly port: number
}

/** A scraper sends a few hundred bytes, and one connection each is enough for more scrapers than there are. */
const MAX_HEADER_BYTES = 16 * 1024
const MAX_CONNECTIONS = 64
const REQUEST_MS = LISTENER_BOUNDS.headersMs + 10_000

/** The drain of inference is none of its matter: it is open until the gateway closes. */
const NO_DRAIN = { enter() {}, leave() {}, onBegin() {} }

/** Opens it; throws a sentence for the operator when the port cannot be had. */
export async function openMetricsListener(options: MetricsListenerOptions): Promise<MetricsListener> {
  const { page, host, path, log, clock } = options
  const server = createListener({
    handle: (request, response) => void serve(request, response, { page, path, log }),
    maxHeaderBytes: MAX_HEADER_BYTES,
    requestMs: REQUEST_MS,
    bounds: { ...LISTENER_BOUNDS, maxConnections: MAX_CONNECTIONS },
    drain: NO_DRAIN,
    ...{ clock, log },
  })
  server.on('clientError', createParserErrors({ isHttps: false }))
  server.listen({ host, port: options.port })
  try {
    await once(server, 'listening')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    const at = `${host}:${options.port}`
    throw new Error(`gatehouse.observability.prometheus: cannot listen on ${at} (${code})`, { cause })
  }
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

interface Serving {
  readonly page: MetricsPage
  readonly path: string
  readonly log: Log
}

async function serve(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  try {
    await answer(request, response, serving)
  } catch (error) {
    serving.log.error('the metrics could not be served', { cause: String(error) })
    if (response.headersSent) response.destroy()
    else response.writeHead(500, { 'content-length': 0 }).end()
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { page, path }: Serving,
): Promise<void> {
  const refusal = refusalOf(request, { page, path })
  const body = refusal === null ? await page.text() : ''
  const headers = {
    ...plainHeaders(requestId(request), false),
    ...(refusal === null ? PAGE_HEADERS : refusal.headers),
    'content-length': Buffer.byteLength(body),
    // What was sent along is not read; it must not be taken for the next request.
    ...(announcesBody(request) && { connection: 'close' }),
  }
  response.writeHead(refusal?.status ?? 200, headers).end(body)
}

/** Null for `GET` of the page; who may not read it is told nothing else. */
function refusalOf(
  { method, url, headersDistinct }: IncomingMessage,
  { page, path }: Pick<Serving, 'page' | 'path'>,
) {
  if (!page.admits(headersDistinct['authorization'])) return { status: 401, headers: REFUSED_HEADERS }
  if (targetPath(url ?? '') !== path) return { status: 404, headers: {} }
  return method === 'GET' ? null : { status: 405, headers: { allow: 'GET' } }
}
