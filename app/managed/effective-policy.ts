import type { JsonObject } from '../config/cli-settings.ts'
import type { ServedSettings } from './served-settings.ts'

/** What a policy of the file gives to whoever it is selected for: the base overlaid by it, worked out once. */
export interface EffectivePolicy {
  /** Its position in the file, from 0. */
  readonly index: number
  /** The base's position; null without a catch-all, and for the base itself. */
  readonly baseIndex: number | null
  readonly match: PolicyMatch
  /** The merged document, before keys are pushed into it. */
  readonly settings: JsonObject
  /** What `GET /managed/settings` answers. */
  readonly served: ServedSettings
  /** Whether the merged document comes from `code` blocks and is not empty. */
  readonly isFromCode: boolean
  /** Whether a Desktop session gets the document (P-34). */
  readonly isServedToDesktop: boolean
  /** The merged overlay of Claude Desktop; null when neither the policy nor its base opts in. */
  readonly desktop: JsonObject | null
}

/** Whom a policy is for; `{}` is everybody. */
export interface PolicyMatch {
  readonly groups?: readonly string[] | undefined
  readonly email_domain?: string | undefined
}
