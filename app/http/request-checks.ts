// The checks that come before any route's own, in the order of rule H-12. Each passes or throws a refusal.
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { LimitsConfig } from '../config/http-tuning.ts'
import type { Admit } from './access-control.ts'
import { announcesBody, tooLarge } from './body.ts'
import type { FindCaller } from './client-address.ts'
import type { Drain } from './drain.ts'
import { Refusal } from './errors.ts'
import type { RouteTable, ServedRoute } from './route-table.ts'
import { targetPath } from './target.ts'

export interface CheckOptions {
  readonly limits: LimitsConfig
  readonly drain: Drain
  readonly findCaller: FindCaller
  readonly admit: Admit
  readonly routes: RouteTable
}

/** Runs the checks on a request that was matched with `route`, or with none. */
export type RunChecks = (request: FastifyRequest, route: ServedRoute | null) => void

type Check = (request: FastifyRequest, route: ServedRoute | null) => 'answered' | undefined

export function createChecks(options: CheckOptions): RunChecks {
  const checks: readonly Check[] = [
    wellFormed, // 1: what the parser lets pass
    probe, // 2: answered always
    notDraining(options.drain), // 3
    shortTarget(options.limits), // 4
    admittedAddress(options), // 5
    servedRoute(options.routes), // 6
    lengthKnown, // 7
    smallBody(options.limits), // 8
  ]
  return (request, route) => {
    for (const check of checks) if (check(request, route) === 'answered') return
  }
}

/** More headers than any client sends. Node would drop the rest without a word, a second credential among them. */
export const MAX_HEADERS = 1000

const wellFormed: Check = ({ raw }) => {
  if (raw.rawHeaders.length > MAX_HEADERS * 2) {
    throw new Refusal('headers_too_large', 'the request has too many headers')
  }
  const hosts = countHosts(raw)
  if (hosts > 1 || (hosts === 0 && raw.httpVersion === '1.1')) {
    throw new Refusal('bad_request', 'the request needs exactly one Host header')
  }
}

const probe: Check = ({ raw }, route) =>
  route?.facts.isProbe === true && targetPath(raw.url ?? '') === route.url ? 'answered' : undefined

function notDraining(drain: Drain): Check {
  return (_request, route) => {
    if (!drain.isDraining || route?.facts.servedWhileDraining === true) return
    throw new Refusal('draining', 'the gateway is shutting down')
  }
}

function shortTarget({ max_url_length: max }: LimitsConfig): Check {
  // The parser takes bytes as Latin-1, so characters are bytes.
  return ({ raw }) => {
    if (max === undefined || (raw.url ?? '').length <= max) return
    throw new Refusal('uri_too_long', `the URL is longer than ${max} bytes`)
  }
}

function admittedAddress({ findCaller, admit }: CheckOptions): Check {
  return request => {
    const { socket, headers } = request.raw
    // Node joins repeated lines of this header with commas.
    const forwardedFor = headers['x-forwarded-for'] as string | undefined
    request.clientAddress = admit(findCaller(socket.remoteAddress, forwardedFor), request.id)
  }
}

function servedRoute(routes: RouteTable): Check {
  return ({ raw }, route) => {
    const { method = '', url = '' } = raw
    const path = targetPath(url)
    if (method === 'OPTIONS' || method === 'TRACE') throw wrongMethod(method, routes.methodsOf(path))
    if (route !== null && routes.isExact(route, path)) return
    const methods = routes.methodsOf(path)
    if (methods.length > 0 && !methods.includes(method)) throw wrongMethod(method, methods)
    throw new Refusal('not_found', 'the gateway has nothing at this path')
  }
}

const lengthKnown: Check = ({ raw }, route) => {
  if (route?.takesBody !== true || raw.headers['content-length'] !== undefined) return
  throw new Refusal('length_required', 'the request needs a Content-Length')
}

function smallBody({ max_request_bytes }: LimitsConfig): Check {
  return ({ raw }, route) => {
    const maxBytes = route?.facts.maxBodyBytes ?? max_request_bytes
    if (announcesBody(raw) && Number(raw.headers['content-length']) > maxBytes) throw tooLarge(maxBytes)
  }
}

function wrongMethod(method: string, methods: readonly string[]): Refusal {
  return new Refusal('method_not_allowed', `${method} is not served here`, {
    headers: { allow: methods.join(', ') },
  })
}

function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]! // names have even places
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count
}
