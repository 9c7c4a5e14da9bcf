// The settings that a signed-in client polls for.
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Audit } from '../audit/events.ts'
import { Refusal } from '../http/errors.ts'
import { NO_POLICY } from '../inference/model-refusals.ts'
import type { Log } from '../lib/log.ts'
import type {} from '../session/bearer.ts'
import { namesTag } from './entity-tag.ts'
import type { PolicySet, ServedPolicy } from './policy-set.ts'

export interface SettingsRouteOptions {
  /** Sets `request.session`, or refuses. */
  readonly bearer: (request: FastifyRequest) => Promise<void>
  readonly policies: Pick<PolicySet, 'isManaged' | 'served'>
  /** `gatehouse.policy.unmatched`. */
  readonly unmatched: 'allow' | 'deny'
  readonly audit: Audit
  readonly log: Log
  readonly version: string
}

/** The version of the wire contract that these answers follow. */
export const CONTRACT = '2.1.330'

/** How a session of Claude Desktop names itself; made of what was seen, as nothing documents it. */
const DESKTOP_AGENT = /^claude-cli\/.{0,256}?\(external, (claude-desktop|claude-desktop-3p|local-agent)\b/

const MAX_BODY_BYTES = 65_536

/**
 * `GET /managed/settings`, and `POST`, which answers the same: the caller's settings document.
 *
 * 404 says that there is none; 200 with `{}` that it is empty. A 304 never carries `no-store`, and a 200 no
 * `Cache-Control` at all: with the contract's version beside it, both mean something to the client.
 */
export function managedSettings(options: SettingsRouteOptions): RouteOptions {
  const { bearer, version } = options
  const headers = { 'x-cc-gateway-version': CONTRACT, 'x-gatehouse-version': version, vary: 'User-Agent' }
  const withheld = new Set<number | null>()
  return {
    method: ['GET', 'POST'],
    url: '/managed/settings',
    config: { takesBody: false, maxBodyBytes: MAX_BODY_BYTES, servedWhileDraining: true, headers },
    onRequest: bearer,
    handler: async (request, reply) => answer(request, reply, { ...options, withheld }),
  }
}

type Answering = SettingsRouteOptions & { readonly withheld: Set<number | null> }

function answer(request: FastifyRequest, reply: FastifyReply, options: Answering): FastifyReply {
  const { sub, email } = request.session.identity
  const served = options.policies.served(request.session.identity)
  if (served === null) throw nothingFor(options)
  if (isWithheld(request, served)) {
    noteWithheld(options, served)
    throw nothing()
  }
  const { policy, document } = served
  reply.header('etag', document.etag)
  if (namesTag(request.headers['if-none-match'], document.etag)) return reply.code(304).send()
  options.audit.write({
    evt: 'managed.serve',
    ...{ request_id: request.id, sub, email },
    policy_index: policy?.index ?? null,
    checksum: document.checksum,
  })
  return reply.header('content-type', 'application/json').send(document.body)
}

function nothingFor({ policies, unmatched }: SettingsRouteOptions): Refusal {
  return policies.isManaged && unmatched === 'deny' ? new Refusal('forbidden', NO_POLICY) : nothing()
}

/** `no-store` and this pair tell a probe that there is nothing here, and nothing to warn of. */
function nothing(): Refusal {
  return new Refusal('not_found', 'there are no managed settings for you', {
    headers: { pragma: 'no-cache' },
  })
}

/** Desktop gets what is written for it: `code`, or `cli` where `serve_to_desktop` says so. */
function isWithheld(request: FastifyRequest, { policy }: ServedPolicy): boolean {
  return DESKTOP_AGENT.test(request.headers['user-agent'] ?? '') && policy?.isServedToDesktop !== true
}

/** Once for each policy. */
function noteWithheld({ withheld, log }: Answering, { policy }: ServedPolicy): void {
  const index = policy?.index ?? null
  if (withheld.has(index)) return
  withheld.add(index)
  log.info('settings are withheld from Claude Desktop: the policy has no code block', { policy_index: index })
}
