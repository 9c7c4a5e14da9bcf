import type { UpstreamsConfig } from '../../config/upstreams.ts'

/** `global.anthropic.claude-opus-5`, also as the end of an ARN: an inference profile without a place. */
const GLOBAL_PROFILE = /(^|\/)global\./i

/**
 * Reports whether an upstream answers `model` from a region or a group of regions, for which clouds charge more
 * than for wherever there is room (platform documentation, "Pricing", third-party platforms).
 *
 * A profile of an account's own says nothing of its place: it counts as regional.
 */
export function isRegional(upstream: UpstreamsConfig[number], model: string): boolean {
  switch (upstream.provider) {
    case 'vertex':
      return upstream.region !== 'global'
    case 'bedrock':
      return !GLOBAL_PROFILE.test(model)
    default:
      return false
  }
}
