// Claude Desktop asks who it works for.
import type { FastifyRequest, RouteOptions } from 'fastify'
import type { Audit, AuditEvent } from '../audit/events.ts'
import type { TelemetryConfig } from '../config/telemetry.ts'
import { Refusal } from '../http/errors.ts'
import type { Catalog } from '../inference/catalog.ts'
import type { ModelPolicy } from '../inference/models-route.ts'
import type { EffectivePolicy } from '../managed/effective-policy.ts'
import type { PolicySet } from '../managed/policy-set.ts'
import type {} from '../session/bearer.ts'
import type { Session } from '../session/token.ts'
import { allowsLongContext, bootstrapDocument } from './bootstrap-document.ts'
import { offeredModel } from './offered-model.ts'

export interface BootstrapRouteOptions {
  /** Sets `request.session`, or refuses. */
  readonly bearer: (request: FastifyRequest) => Promise<void>
  readonly policies: Pick<PolicySet, 'policies' | 'select'>
  readonly policy: ModelPolicy
  readonly catalog: Pick<Catalog, 'list' | 'resolve'>
  readonly publicUrl: string
  /** Null when clients are not told to export. */
  readonly telemetry: TelemetryConfig | null
  /** `admin.admin_groups`. */
  readonly adminGroups: readonly string[]
  readonly audit: Audit
}

type DenialReason = Extract<AuditEvent, { evt: 'desktop_bootstrap.denied' }>['reason']

const TEXTS: Readonly<Record<DenialReason, string>> = {
  not_configured: 'this gateway is not set up for Claude Desktop',
  no_policy_matched: 'no policy of this gateway covers your account',
  policy_not_opted_in: 'your policy does not include Claude Desktop',
}

/** `GET /user/bootstrap`: what Claude Desktop needs to know at its start, for people whose policy opts in. */
export function bootstrap(options: BootstrapRouteOptions): RouteOptions {
  const headers = { 'cache-control': 'no-store', pragma: 'no-cache' }
  const isConfigured = options.policies.policies.some(({ desktop }) => desktop !== null)
  return {
    method: 'GET',
    url: '/user/bootstrap',
    config: { headers },
    onRequest: options.bearer,
    handler: async (request, reply) => {
      const { session } = request
      const policy = options.policies.select(session.identity)
      const overlay = policy?.desktop ?? null
      if (policy === null || overlay === null) {
        throw denied(options, request, denialReason(policy, isConfigured))
      }
      const { sub, email } = session.identity
      const policy_index = policy.index
      options.audit.write({
        evt: 'desktop_bootstrap.serve',
        ...{ request_id: request.id, sub, email, policy_index },
      })
      return reply
        .header('x-gateway-spend-admin', String(isAdmin(session, options.adminGroups)))
        .send(documentFor(options, { session, policy, overlay }))
    },
  }
}

function denialReason(policy: EffectivePolicy | null, isConfigured: boolean): DenialReason {
  if (!isConfigured) return 'not_configured'
  return policy === null ? 'no_policy_matched' : 'policy_not_opted_in'
}

function denied({ audit }: BootstrapRouteOptions, request: FastifyRequest, reason: DenialReason): Refusal {
  const { sub, email } = request.session.identity
  audit.write({ evt: 'desktop_bootstrap.denied', request_id: request.id, reason, sub, email })
  return new Refusal('not_found', TEXTS[reason])
}

function isAdmin({ identity }: Session, adminGroups: readonly string[]): boolean {
  return adminGroups.some(group => identity.groups?.includes(group) === true)
}

interface Granted {
  readonly session: Session
  readonly policy: EffectivePolicy
  readonly overlay: NonNullable<EffectivePolicy['desktop']>
}

function documentFor(options: BootstrapRouteOptions, { session, policy, overlay }: Granted): object {
  const { catalog, publicUrl, telemetry } = options
  const offering = { catalog, allowsLongContext: allowsLongContext(policy) }
  const models = catalog
    .list()
    .filter(model => options.policy(model, session.identity) === null)
    .map(model => offeredModel(model, offering))
  const { identity, exp: expiresAt } = session
  return bootstrapDocument({ policy, overlay, publicUrl, telemetry, identity, models, expiresAt })
}
