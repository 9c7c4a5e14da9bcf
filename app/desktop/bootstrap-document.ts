// What Claude Desktop is told at its start.
import type { Json, JsonObject } from '../config/cli-settings.ts'
import type { TelemetryConfig } from '../config/telemetry.ts'
import type { Identity } from '../identity/identity.ts'
import type { EffectivePolicy } from '../managed/effective-policy.ts'
import type { OfferedModel } from './offered-model.ts'
import { telemetryMembers } from './telemetry-members.ts'

export interface BootstrapFacts {
  readonly policy: Pick<EffectivePolicy, 'settings' | 'isFromCode'>
  /** The policy's overlay; it opts in. */
  readonly overlay: JsonObject
  readonly publicUrl: string
  /** Null when clients are not told to export. */
  readonly telemetry: TelemetryConfig | null
  readonly identity: Identity
  readonly models: readonly OfferedModel[]
  /** When the bearer ends, in Unix seconds. */
  readonly expiresAt: number
}

/** A tool as a whole, not one of its uses: `WebFetch`, but not `Bash(npm *)`. */
const BARE_TOOL = /^[A-Za-z]\w*$/

/**
 * What Claude Desktop is told at its start (P-46): one flat object, absent members left out.
 *
 * Nothing of the settings gets in but what has a member here: no hook, no environment, no scoped rule.
 */
export function bootstrapDocument(facts: BootstrapFacts): object {
  const { policy, overlay, publicUrl, telemetry, identity } = facts
  const { disabledBuiltinTools, coworkEgressAllowedHosts, ...others } = overlay
  const env = objectAt(policy.settings, 'env')
  const tools = [...new Set([...deniedTools(policy.settings), ...texts(disabledBuiltinTools)])]
  const hosts =
    coworkEgressAllowedHosts ?? objectAt(objectAt(policy.settings, 'sandbox'), 'network')['allowedDomains']
  return {
    inferenceProvider: 'gateway',
    inferenceGatewayBaseUrl: publicUrl,
    inferenceCredentialKind: 'interactive',
    ...(policy.isFromCode && { inferenceGatewayManagedClaudeCode: true }),
    ...(telemetry !== null && telemetryMembers({ publicUrl, telemetry, env, identity })),
    inferenceModels: facts.models,
    ...(tools.length > 0 && { disabledBuiltinTools: tools }),
    ...(hosts !== undefined && { coworkEgressAllowedHosts: hosts }),
    ...others,
    expiresAt: facts.expiresAt,
  }
}

/** Whether the settings leave the long context on. */
export function allowsLongContext({ settings }: Pick<EffectivePolicy, 'settings'>): boolean {
  return objectAt(settings, 'env')['CLAUDE_CODE_DISABLE_1M_CONTEXT'] !== '1'
}

function deniedTools(settings: JsonObject): string[] {
  return texts(objectAt(settings, 'permissions')['deny']).filter(rule => BARE_TOOL.test(rule))
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

/** The object at `key`; an empty one for anything else. */
function objectAt(of: JsonObject, key: string): JsonObject {
  const value = of[key]
  return isObject(value) ? value : {}
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value)
}
