// What a developer is told about a model that is not served.
import { Refusal } from '../http/errors.ts'

/** Why a policy refuses a model: the key of its settings that does, or that nobody's policy is for the caller. */
export interface ModelDenial {
  readonly reason: 'availableModels' | 'deniedModels' | 'unmatched'
  /** The policy's position in the file; null when none matched. */
  readonly policyIndex: number | null
}

const MAX_ECHO = 128

/** The refusal of a model that the caller's policy does not let through; `requested` is what was sent. */
export function modelDenied(requested: string, { reason }: ModelDenial): Refusal {
  switch (reason) {
    case 'deniedModels':
      return new Refusal('model_denied', `your role blocks the model ${echoed(requested)}`)
    case 'availableModels':
      return new Refusal('model_denied', `your role does not include the model ${echoed(requested)}`)
    case 'unmatched':
      return new Refusal('forbidden', NO_POLICY)
  }
}

/** What somebody is told whom no policy matches, where that means no access (P-9). */
export const NO_POLICY =
  'no policy of this gateway covers your account: ask the administrator of the gateway for access'

/** The refusal of a model that no upstream takes. */
export function modelUnknown(requested: string): Refusal {
  return new Refusal('model_unknown', `this gateway does not offer the model ${echoed(requested)}`)
}

/** An id of a developer's, fit to be shown: at most 128 characters, without controls (I-3). */
export function echoed(id: string): string {
  return [...id.toWellFormed()]
    .slice(0, MAX_ECHO)
    .join('')
    .replaceAll(/\p{Cc}/gu, '?')
}
