// The server: the one visible, ordered list of everything that is registered.
import type { FastifyInstance } from 'fastify'
import { auditTrail } from './admin/audit-trail.ts'
import { createCredentials } from './admin/credentials.ts'
import { effectiveReport } from './admin/effective-report.ts'
import { removeLimit, setLimit } from './admin/limit-change.ts'
import { listLimits, showLimit } from './admin/limit-list.ts'
import { poolReport } from './admin/pool-report.ts'
import { erasePrincipal } from './admin/principal-erasure.ts'
import { usageReport } from './admin/usage.ts'
import type { Audit } from './audit/events.ts'
import type { Config } from './config/config.ts'
import { bootstrap } from './desktop/bootstrap-route.ts'
import type { Drain } from './http/drain.ts'
import { createRateLimits } from './http/rate-limit.ts'
import { createServer } from './http/server.ts'
import { createDispatch } from './inference/dispatch.ts'
import { createLoadTest } from './inference/load-test.ts'
import { modelsRoute } from './inference/models-route.ts'
import { countTokens, messages } from './inference/routes.ts'
import type { Clock } from './lib/clock.ts'
import { createCondition } from './lib/condition.ts'
import type { Log } from './lib/log.ts'
import { createTicker } from './lib/ticker.ts'
import { createModelPolicy } from './managed/model-policy.ts'
import { exportsTelemetry } from './managed/pushed-env.ts'
import { managedSettings } from './managed/settings-route.ts'
import { bindingCookie } from './oauth/binding-cookie.ts'
import { callback, callbackByPost } from './oauth/callback.ts'
import { deviceAuthorization } from './oauth/device-authorization.ts'
import { deviceContinue } from './oauth/device-continue.ts'
import { deviceDeny } from './oauth/device-deny.ts'
import { devicePage } from './oauth/device-page.ts'
import { metadata } from './oauth/metadata.ts'
import { revoke } from './oauth/revoke.ts'
import { token } from './oauth/token.ts'
import { tracedAudit, tracedLog } from './observability/traced-lines.ts'
import { type LandingSection, landingPage } from './protocol/landing-page.ts'
import { protocol } from './protocol/route.ts'
import type { Services } from './services.ts'
import { requireBearer } from './session/bearer.ts'
import { notingRequests } from './session/last-seen.ts'
import { type OpenSpend, openSpend } from './spend/open-spend.ts'
import { usageRoute } from './spend/usage-route.ts'
import { telemetryRoutes } from './telemetry/route.ts'

export interface GatewayOptions {
  readonly config: Config
  readonly services: Services
  readonly drain: Drain
  readonly audit: Audit
  readonly log: Log
  readonly clock: Clock
  /** A clock that only goes forward, for durations. */
  readonly monotonic: Clock
  /** PEM texts, when `listen.tls` is set. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly version: string
  /** Where protocol.md stands. */
  readonly protocolFile: string
  /** Further parts of the landing page; development mode has some. */
  readonly landingSections?: readonly LandingSection[]
}

/** Builds the server with every route, in the order of the protocol document; it does not listen yet. */
export function buildGateway(given: GatewayOptions): FastifyInstance {
  const options = observedOptions(given)
  const { config, services, drain, audit, log, clock } = options
  const server = createServer({
    publicUrl: config.listen.public_url,
    trustedProxies: config.listen.trusted_proxies,
    tls: options.tls,
    accessControl: config.access_control,
    limits: config.limits,
    clientBodyMs: config.gatehouse.timeouts.client_body_ms,
    readiness: services.readiness,
    drain,
    audit,
    observer: services.ownTelemetry.http,
    log,
    clock,
  })
  server.route(landingPage({ publicUrl: config.listen.public_url, sections: options.landingSections ?? [] }))
  server.route(protocol({ file: options.protocolFile }))
  registerSignIn(server, options)
  const spend = openSpending(options)
  registerSignedIn(server, options, spend)
  if (spend !== null) registerAdmin(server, options, spend)
  if (services.ownTelemetry.metricsRoute !== null) server.route(services.ownTelemetry.metricsRoute)
  return server
}

/** What is written is counted, and carries the trace of a request that has one. */
function observedOptions(options: GatewayOptions): GatewayOptions {
  const { counted, traceIdOf } = options.services.ownTelemetry
  const audit = counted(options.audit)
  if (traceIdOf === null) return { ...options, audit }
  return { ...options, audit: tracedAudit(audit, traceIdOf), log: tracedLog(options.log, traceIdOf) }
}

function registerSignIn(server: FastifyInstance, options: GatewayOptions): void {
  const { config, services, audit, log, clock } = options
  const { pool, signIn, sealer, tokens, revocations, renewals } = services
  const publicUrl = config.listen.public_url
  const { gatehouse, session } = config
  const rateLimits = createRateLimits({ pool, limits: config.rate_limits, log })
  const pages = {
    ...{ publicUrl, pool, rateLimits, audit, log, clock, signIn, sealer },
    authorizationEndpoint: signIn.authorizationEndpoint,
    formActionOrigins: config.oidc.form_action_origins,
    rules: gatehouse.sign_in,
    cookie: bindingCookie(publicUrl),
    usePkce: config.oidc.use_pkce,
  }
  const storeSilence = createCondition({ log, clock, text: 'the store does not answer polls of terminals' })

  server.route(metadata({ publicUrl, revocation: gatehouse.revocation }))
  server.route(deviceAuthorization({ publicUrl, pool, rateLimits, audit }))
  server.route(devicePage(pages))
  server.route(deviceContinue(pages))
  server.route(deviceDeny(pages))
  server.route(callback(pages))
  server.route(callbackByPost())
  server.route(
    token({
      collection: {
        ...{ pool, sealer, tokens, audit, clock, storeSilence },
        session: gatehouse.session,
        signIn: gatehouse.sign_in,
        ttlHours: session.ttl_hours,
      },
      refreshing: { settings: gatehouse.session, tokens, sealer, revocations, renewals, clock },
      audit,
      ttlHours: session.ttl_hours,
    }),
  )
  if (!gatehouse.revocation) return
  server.route(
    revoke({
      ...{ tokens, sealer, revocations, audit },
      idp: gatehouse.session.revoke_at_idp ? signIn : null,
      takesRaw: gatehouse.session.refresh_token_mode !== 'wrapped',
    }),
  )
}

function registerSignedIn(server: FastifyInstance, options: GatewayOptions, spend: OpenSpend | null): void {
  const { config, services, drain, audit, log, clock, monotonic } = options
  const { tokens, revocations, capacity, catalog, upstreams, routing, policies } = services
  const { timeouts } = config.gatehouse
  const bearer = requireBearer({ tokens, revocations, audit, clock })
  const policy = createModelPolicy({ policies, unmatched: config.gatehouse.policy.unmatched })
  const loadTest = config.load_test_mode?.enabled ? createLoadTest(config.load_test_mode) : null
  const inference = {
    ...{ capacity, catalog, audit, drain, loadTest, log, policy },
    bearer: spend === null ? bearer : notingRequests(bearer, services.lastSeen),
    observer: services.ownTelemetry.inference,
    settingsState: services.settingsDrift?.stateOf ?? null,
    clock: monotonic,
    ticker: createTicker({ clock: monotonic }),
    dispatch: createDispatch({
      ...{ upstreams, routing },
      idleMs: timeouts.upstream_idle_ms,
      clock: monotonic,
      log,
      loadTest,
      meter: services.ownTelemetry.meter,
      costCents: spend && (record => spend.costCents(record)),
    }),
    spending: spend,
    routing,
    billingGroupTag: config.admin?.billing_group_tag ?? null,
    maxBodyBytes: config.limits.max_request_bytes,
    clientStallMs: timeouts.client_stall_ms,
  }
  server.decorateRequest('session')
  server.route(messages(inference))
  server.route(countTokens(inference))
  server.route(modelsRoute({ bearer, catalog, policy }))
  if (spend !== null) server.route(usageRoute({ bearer, documents: spend.usage }))
  for (const route of telemetryRoutes({ bearer, relay: services.relay })) server.route(route)
  const { unmatched } = config.gatehouse.policy
  server.route(managedSettings({ bearer, policies, unmatched, audit, log, version: options.version }))
  server.route(
    bootstrap({
      ...{ bearer, policies, policy, catalog, audit },
      publicUrl: config.listen.public_url,
      telemetry: exportsTelemetry(config) ? (config.telemetry ?? null) : null,
      adminGroups: config.admin?.admin_groups ?? [],
    }),
  )
}

/** Null without `admin`: then nobody watches what is spent. */
function openSpending({ config, services, audit, log, clock, monotonic }: GatewayOptions): OpenSpend | null {
  const { admin, enforcement } = config
  const { spendReader: reader, recording, reserving } = services
  if (admin === undefined || reader === null || recording === null) return null
  return openSpend({
    ...{ reader, recording, reserving, admin, audit, log, clock, monotonic },
    observer: services.ownTelemetry.spend,
    failsClosed: enforcement.fail_closed_on_error,
  })
}

/** Without `admin` its paths are unknown ones. */
function registerAdmin(
  server: FastifyInstance,
  { config, services, audit, clock }: GatewayOptions,
  { usage }: OpenSpend,
): void {
  if (config.admin === undefined) return
  const { pool, sealer, tokens, revocations } = services
  const bearers = { tokens, revocations, clock }
  const admin = {
    ...{ pool, sealer, audit, clock },
    capsChanged: () => usage.capsChanged(),
    groupLimitMode: config.admin.group_limit_mode,
    findAdministrator: createCredentials({ config: config.admin, bearers }),
  }
  server.decorateRequest('administrator')
  server.route(setLimit(admin))
  server.route(listLimits(admin))
  server.route(showLimit(admin))
  server.route(removeLimit(admin))
  server.route(effectiveReport(admin))
  server.route(auditTrail(admin))
  server.route(poolReport(admin))
  server.route(erasePrincipal(admin))
  server.route(usageReport(admin))
}
