// The ids of models on Bedrock: of foundation models, of inference profiles, and the ARNs of both.
import type { BuiltinModel } from '../builtin-models.ts'

/**
 * What a built-in is called in `region` by default (I-37): in commercial US regions its US profile, which newer models
 * need; elsewhere the foundation model's id. Null where Bedrock does not offer it.
 */
export function bedrockId({ ids }: Pick<BuiltinModel, 'ids'>, region: string): string | null {
  return hasDefaultProfile(region) ? (ids.bedrockUsProfile ?? ids.bedrock) : ids.bedrock
}

/** Reports whether the built-in ids of a region are those of inference profiles. */
function hasDefaultProfile(region: string): boolean {
  return region.startsWith('us-') && !region.startsWith('us-gov-')
}

/** `us.anthropic.claude-opus-4-8`, `global.anthropic.…` → what stands after the profile's prefix. */
const PROFILE = /^(?:[a-z][a-z-]*\.)?(anthropic\..+)$/

/** `arn:aws:bedrock:us-east-1::foundation-model/anthropic.…`, `arn:…:inference-profile/us.anthropic.…`. */
const ARN = /^arn:[\w-]+:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)\/(.+)$/

/**
 * The foundation model's id behind `model`, which is the only one that counting takes; null for ids that do not say it,
 * such as an application's profile.
 */
export function foundationModel(model: string): string | null {
  const id = ARN.exec(model)?.[1] ?? model
  return PROFILE.exec(id)?.[1] ?? null
}
