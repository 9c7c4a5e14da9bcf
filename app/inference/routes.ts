// POST /v1/messages and /v1/messages/count_tokens: the checks in their order, then the dispatch, then the audit.
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler, RouteOptions } from 'fastify'
import type { Audit, SettingsState } from '../audit/events.ts'
import type { Drain } from '../http/drain.ts'
import { Refusal } from '../http/errors.ts'
import { targetPath } from '../http/target.ts'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Ticker } from '../lib/ticker.ts'
import type {} from '../session/bearer.ts'
import { advisorModels } from './advisor-models.ts'
import { billingGroupOf } from './billing-group.ts'
import type { Capacity, Ticket } from './capacity.ts'
import type { Catalog, ResolvedModel } from './catalog.ts'
import { Charge } from './charge.ts'
import { ClientSide } from './client-side.ts'
import type { Dispatch } from './dispatch.ts'
import { Exchange } from './exchange.ts'
import type { LoadTest } from './load-test.ts'
import { maxTokensOf } from './max-tokens.ts'
import { modelDenied, modelUnknown } from './model-refusals.ts'
import type { ModelPolicy } from './models-route.ts'
import type { InferenceObserver } from './observer.ts'
import { type RequestBody, readRequestBody } from './request-body.ts'
import type { Routing } from './routing/routing.ts'
import type { Estimate, Gate, Spending } from './spending.ts'

export interface InferenceOptions {
  /** The hook that sets `request.session` or refuses. */
  readonly bearer: onRequestAsyncHookHandler
  readonly capacity: Capacity
  readonly catalog: Pick<Catalog, 'resolve' | 'identify'>
  readonly policy: ModelPolicy
  /** Judges what a client says of its settings; null when nobody asks. */
  readonly settingsState: ((identity: Identity, headers: IncomingHttpHeaders) => SettingsState) | null
  readonly routing: Pick<Routing, 'firstInUse'>
  readonly dispatch: Dispatch
  readonly audit: Audit
  readonly log: Log
  readonly drain: Pick<Drain, 'track'>
  /** Null when nobody measures. */
  readonly observer: InferenceObserver | null
  readonly ticker: Ticker
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** `limits.max_request_bytes`. */
  readonly maxBodyBytes: number
  /** `gatehouse.timeouts.client_stall_ms`. */
  readonly clientStallMs: number
  /** Null unless `load_test_mode` is on. */
  readonly loadTest: LoadTest | null
  /** Null when nobody watches spend. */
  readonly spending: Spending | null
  /** `admin.billing_group_tag`; null when it is not set. */
  readonly billingGroupTag: string | null
}

type Operation = 'messages' | 'count_tokens'

/** `POST /v1/messages`. */
export function messages(options: InferenceOptions): RouteOptions {
  return route(options, { url: '/v1/messages', operation: 'messages' })
}

/** `POST /v1/messages/count_tokens`. */
export function countTokens(options: InferenceOptions): RouteOptions {
  return route(options, { url: '/v1/messages/count_tokens', operation: 'count_tokens' })
}

function route(
  options: InferenceOptions,
  { url, operation }: { url: string; operation: Operation },
): RouteOptions {
  return {
    method: 'POST',
    url,
    config: { takesBody: true, maxBodyBytes: options.maxBodyBytes },
    onRequest: options.bearer,
    // Refusals and errors; a relayed answer writes its own head.
    onSend: async (request, reply) => void reply.header('request-id', request.id),
    handler: (request, reply) => serve({ options, operation, request, reply }),
  }
}

interface Incoming {
  readonly options: InferenceOptions
  readonly operation: Operation
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Whatever happens, the exchange is audited once and its place is given back. */
async function serve(incoming: Incoming): Promise<void> {
  const { options, operation, request, reply } = incoming
  const { audit, capacity, clock, loadTest } = options
  const exchange = new Exchange({
    requestId: request.id,
    identity: request.session.identity,
    operation,
    path: targetPath(request.url),
    headers: request.headers,
    ageMs: reply.elapsedTime,
    isLoadTest: loadTest !== null,
    settingsState: options.settingsState?.(request.session.identity, request.headers) ?? null,
    observer: options.observer,
    clock,
  })
  const { drain, ticker, clientStallMs: stallMs } = options
  const client = new ClientSide({ request, reply, drain, ticker, stallMs })
  let ticket: Ticket | null = null
  try {
    ticket = capacity.admit(Number(request.headers['content-length'] ?? 0))
    if (loadTest !== null) exchange.identity = loadTest.identityOf(request)
    await admitAndDispatch(incoming, { exchange, client, ticket })
  } catch (error) {
    if (client.isGone) exchange.brokeOff(client.departure)
    else exchange.refused(error instanceof Refusal ? error.status : 500)
    throw error
  } finally {
    // Nobody is left to answer: Fastify must not wait for it.
    if (client.isGone && !client.hasBegun) reply.hijack()
    ticket?.end()
    exchange.close(audit)
  }
}

interface Admitted {
  readonly exchange: Exchange
  readonly client: ClientSide
  readonly ticket: Ticket
}

/** Whoever may not spend is told that before anything is said of the body or the model (M-10). */
async function admitAndDispatch(incoming: Incoming, admitted: Admitted): Promise<void> {
  const { options, operation, request } = incoming
  const { exchange, client } = admitted
  const { identity } = exchange
  const spending = operation === 'messages' ? options.spending : null
  const gate = spending === null ? null : beginGate(spending, exchange)
  const { body, model } = await unlessBlocked(gate, check(incoming, admitted))
  const admission = gate === null ? null : await gate.pass(() => estimateOf(body, model, options.routing))
  if (admission !== null) client.onSuccess(admission.headers)
  const charge = spending !== null && admission !== null ? new Charge(spending, admission) : null
  try {
    await options.dispatch({
      ...{ ...admitted, body, charge },
      routes: model.routes,
      contextWindow: model.builtin?.maxInputTokens ?? null,
      call: {
        operation,
        clientModel: body.model,
        stream: body.stream,
        headers: request.headers,
        query: queryOf(request),
        identity,
      },
    })
  } finally {
    charge?.close()
  }
}

/** The exchange takes note of when it begins, and of when it has decided. */
function beginGate(spending: Pick<Spending, 'begin'>, exchange: Exchange): Gate {
  const { requestId, identity } = exchange
  exchange.begins('gate')
  const gate = spending.begin({ requestId, identity })
  return { pass: estimate => gate.pass(estimate).finally(() => exchange.ends('gate')) }
}

/** What is wrong with the request is said after the gate has let it pass. */
async function unlessBlocked<T>(gate: Gate | null, checking: Promise<T>): Promise<T> {
  try {
    return await checking
  } catch (error) {
    if (error instanceof Refusal) await gate?.pass(null)
    throw error
  }
}

/** The body, and a model that the caller may use. */
async function check({ options, request }: Incoming, { exchange, ticket }: Admitted): Promise<Checked> {
  const body = await readRequestBody(request, {
    maxBytes: options.maxBodyBytes,
    hold: bytes => ticket.hold(bytes),
  })
  exchange.bodyRead()
  exchange.model = body.model
  exchange.stream = body.stream
  const { catalog, policy } = options
  const model = catalog.resolve(body.model)
  const asked = model ?? catalog.identify(body.model)
  for (const [named, judged] of [[body.model, asked] as const, ...advisorModels(body)]) {
    const denial = policy(judged, exchange.identity)
    if (denial === null) continue
    const { reason, policyIndex } = denial
    options.log.debug('a policy refuses a model', { ...exchange.ids(), policy_index: policyIndex, reason })
    exchange.denial = reason
    throw modelDenied(named, denial)
  }
  if (model === null) throw modelUnknown(body.model)
  const { billingGroupTag: tag } = options
  if (tag !== null) exchange.billingGroup = billingGroupOf(body, { tag, identity: exchange.identity })
  return { body, model }
}

interface Checked {
  readonly body: RequestBody
  readonly model: ResolvedModel
}

/** At the upstream that would serve it by the order of the file. */
function estimateOf(
  body: RequestBody,
  { routes, builtin }: ResolvedModel,
  routing: InferenceOptions['routing'],
): Estimate {
  const first = routing.firstInUse(routes)! // a resolved model has at least one
  return {
    bodyBytes: body.length,
    maxTokens: maxTokensOf(body),
    upstream: first.upstream,
    upstreamModel: first.model,
    clientModel: body.model,
    contextWindow: builtin?.maxInputTokens ?? null,
  }
}

function queryOf(request: FastifyRequest): string {
  const at = request.url.indexOf('?')
  return at === -1 ? '' : request.url.slice(at)
}
