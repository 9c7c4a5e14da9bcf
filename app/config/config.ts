/** The whole document: every section of gateway.yaml, with defaults filled in. */
import { z } from 'zod'
import { type AdminConfig, AdminSection, type EnforcementConfig, EnforcementSection } from './admin.ts'
import { type GatehouseConfig, GatehouseSection } from './gatehouse.ts'
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
import { type ListenConfig, ListenSection } from './listen.ts'
import { type ManagedConfig, ManagedSection } from './managed.ts'
import { type ModelsConfig, ModelsSection } from './models.ts'
import { type OidcConfig, OidcSection } from './oidc.ts'
import { type PricingConfig, PricingSection } from './pricing.ts'
import { closed, flag } from './scalar.ts'
import { type SessionConfig, SessionSection } from './session.ts'
import { type StoreConfig, StoreSection } from './store.ts'
import { type TelemetryConfig, TelemetrySection } from './telemetry.ts'
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

/** The document's schema as one object. */
export const Document = z.strictObject(SECTIONS)
