/** The whole document: every section of gateway.yaml, and the rules between their keys. */
import { type AdminConfig, AdminSection, type EnforcementConfig, EnforcementSection } from './admin.ts'
import { alertRules } from './alerts.ts'
import { type GatehouseConfig, GatehouseSection } from './gatehouse.ts'
import { googleRules } from './google-rules.ts'
import {
  type AccessControlConfig,
  AccessControlSection,
  type LimitsConfig,
  LimitsSection,
  type LoadTestConfig,
  LoadTestSection,
  type RateLimitsConfig,
  RateLimitsSection,
  type TimeoutsConfig,
  TimeoutsSection,
} from './http-tuning.ts'
import { type ListenConfig, ListenSection, listenRules } from './listen.ts'
import { type ManagedConfig, ManagedSection, managedRules } from './managed.ts'
import { type ModelsConfig, ModelsSection } from './models.ts'
import { observabilityRules } from './observability.ts'
import { type OidcConfig, OidcSection } from './oidc.ts'
import { oidcRules } from './oidc-rules.ts'
import { operatorUrlRules } from './operator-url.ts'
import { type PricingConfig, PricingSection } from './pricing.ts'
import { routingRules } from './routing.ts'
import type { Rule } from './rule.ts'
import { closed, flag } from './scalar.ts'
import { type SessionConfig, SessionSection } from './session.ts'
import { spendRules } from './spend-rules.ts'
import { type StoreConfig, StoreSection } from './store.ts'
import { storeRules } from './store-rules.ts'
import { type TelemetryConfig, TelemetrySection, telemetryRules } from './telemetry.ts'
import { upstreamRules } from './upstream-rules.ts'
import { type UpstreamsConfig, UpstreamsSection } from './upstreams.ts'

/** The sections in the manual's order. */
export const SECTIONS = {
  listen: ListenSection,
  oidc: OidcSection,
  session: SessionSection,
  store: StoreSection.prefault({}),
  upstreams: UpstreamsSection,
  models: ModelsSection.default([]),
  auto_include_builtin_models: flag().default(true),
  admin: AdminSection.optional(),
  enforcement: EnforcementSection.prefault({}),
  pricing: PricingSection.optional(),
  managed: ManagedSection.optional(),
  telemetry: TelemetrySection.optional(),
  access_control: AccessControlSection.prefault({}),
  limits: LimitsSection.prefault({}),
  timeouts: TimeoutsSection.prefault({}),
  rate_limits: RateLimitsSection.prefault({}),
  load_test_mode: LoadTestSection.optional(),
  /** The reference's container-runtime mode: known, not supported here. */
  cri: closed({ enabled: flag() }).optional(),
  gatehouse: GatehouseSection.prefault({}),
} as const

/** A valid configuration. Sections keep the file's spelling; only what may be absent is optional. */
export interface Config {
  listen: ListenConfig
  oidc: OidcConfig
  session: SessionConfig
  store: StoreConfig
  upstreams: UpstreamsConfig
  models: ModelsConfig
  auto_include_builtin_models: boolean
  admin?: AdminConfig | undefined
  enforcement: EnforcementConfig
  pricing?: PricingConfig | undefined
  managed?: ManagedConfig | undefined
  telemetry?: TelemetryConfig | undefined
  access_control: AccessControlConfig
  limits: LimitsConfig
  timeouts: TimeoutsConfig
  rate_limits: RateLimitsConfig
  load_test_mode?: LoadTestConfig | undefined
  gatehouse: GatehouseConfig
}

/** The reference starts without `oidc` when `cri` is on; that mode is not ours (C-30). */
const containerRules: Rule = tree =>
  tree.flag('cri', 'enabled') === true
    ? [
        {
          path: ['cri', 'enabled'],
          text: 'is known, but not supported here.',
          fix: 'set it to false, or remove cri.',
        },
      ]
    : []

/** Every rule; each reports on its own, so that one report holds all problems. */
export const RULES: readonly Rule[] = [
  listenRules,
  oidcRules,
  storeRules,
  operatorUrlRules,
  upstreamRules,
  spendRules,
  alertRules,
  managedRules,
  telemetryRules,
  observabilityRules,
  googleRules,
  routingRules,
  containerRules,
]
