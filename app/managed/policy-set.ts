import type { JsonObject } from '../config/cli-settings.ts'
import type { ListenConfig } from '../config/listen.ts'
import type { ManagedConfig } from '../config/managed.ts'
import type { PricingConfig } from '../config/pricing.ts'
import type { TelemetryConfig } from '../config/telemetry.ts'
import type { Identity } from '../identity/identity.ts'
import type { Catalog } from '../inference/catalog.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import { isCatchAll, matches } from './matcher.ts'
import { mergeDesktop, mergeSettings } from './merge.ts'
import { modelPricing } from './model-pricing.ts'
import { telemetryEnv } from './pushed-env.ts'
import { type ServedSettings, servedSettings } from './served-settings.ts'

/** The sections that decide who gets what. */
export interface PolicyConfig {
  readonly listen: Pick<ListenConfig, 'public_url' | 'hasPublicUrl'>
  readonly managed?: ManagedConfig | undefined
  readonly telemetry?: TelemetryConfig | undefined
  readonly pricing?: PricingConfig | undefined
}

/** What a client is answered: whose policy it is (null: telemetry alone), and the document. */
export interface ServedPolicy {
  readonly policy: EffectivePolicy | null
  readonly document: ServedSettings
}

/** The policies of a configuration, merged; a request only looks its own up. */
export interface PolicySet {
  /** Whether the file has a `managed` block, be it empty. */
  readonly isManaged: boolean
  /** One for each policy of the file, in its order. */
  readonly policies: readonly EffectivePolicy[]
  /** Every document that somebody may be served. */
  readonly documents: readonly ServedSettings[]
  /** The first policy that matches; null when none does. */
  select(identity: Pick<Identity, 'email' | 'groups'>): EffectivePolicy | null
  /** What `/managed/settings` has for `identity`; null for nothing, which is not the same as an empty document. */
  served(identity: Pick<Identity, 'email' | 'groups'>): ServedPolicy | null
}

/** Merges every policy on the base, once, and gets the answers ready. */
export function openPolicies(config: PolicyConfig, catalog: Catalog): PolicySet {
  const pushed: PushedKeys = {
    env: telemetryEnv(config),
    modelPricing: modelPricing(config.pricing, catalog),
  }
  const written = config.managed?.policies ?? []
  const baseIndex = written.findIndex(({ match }) => isCatchAll(match))
  const policies = written.map((_, index) => effective(written, { index, baseIndex, pushed }))
  const unmanaged = config.managed === undefined && pushed.env !== null ? pushed.env : null
  const withoutPolicy =
    unmanaged === null ? null : { policy: null, document: servedSettings({ env: unmanaged }) }
  const select: PolicySet['select'] = identity =>
    policies.find(({ match }) => matches(match, identity)) ?? null
  return {
    isManaged: config.managed !== undefined,
    policies,
    documents: withoutPolicy === null ? policies.map(({ served }) => served) : [withoutPolicy.document],
    select,
    served(identity) {
      const policy = select(identity)
      return policy === null ? withoutPolicy : { policy, document: policy.served }
    },
  }
}

interface PushedKeys {
  readonly env: JsonObject | null
  readonly modelPricing: JsonObject | null
}

type WrittenPolicy = ManagedConfig['policies'][number]

function effective(
  written: readonly WrittenPolicy[],
  { index, baseIndex, pushed }: { index: number; baseIndex: number; pushed: PushedKeys },
): EffectivePolicy {
  const policy = written[index]! // the caller walks these very indexes
  const base = baseIndex === index ? undefined : written[baseIndex]
  const settings = mergeSettings(writtenSettings(base), writtenSettings(policy))
  const isFromCode = [base, policy].some(part => part?.code !== undefined) && Object.keys(settings).length > 0
  const hasOlderName = policy.cli !== undefined || policy.settings !== undefined
  return {
    index,
    baseIndex: base === undefined ? null : baseIndex,
    match: policy.match,
    settings,
    served: servedSettings(withPushed(settings, pushed)),
    isFromCode,
    isServedToDesktop: isFromCode || (hasOlderName && policy.serve_to_desktop === true),
    desktop: desktopOf(base?.desktop, policy.desktop),
  }
}

/** The settings that a policy writes: of `cli` and `settings` the first (P-3), without a block an empty document (P-4). */
export function writtenSettings(policy: WrittenPolicy | undefined): JsonObject {
  return policy?.code ?? policy?.cli ?? policy?.settings ?? {}
}

function desktopOf(base: JsonObject | undefined, policy: JsonObject | undefined): JsonObject | null {
  if (base === undefined && policy === undefined) return null
  return mergeDesktop(base ?? {}, policy ?? {})
}

/** What is pushed lies below what the policy says itself. */
function withPushed(settings: JsonObject, pushed: PushedKeys): JsonObject {
  const below: JsonObject = {
    ...(pushed.env !== null && { env: pushed.env }),
    ...(pushed.modelPricing !== null && { modelPricing: pushed.modelPricing }),
  }
  return mergeSettings(below, settings)
}
