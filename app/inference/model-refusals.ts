// What a developer is told about a model that is not served.
import { Refusal } from '../http/errors.ts'

/** Why a policy refuses a model: not on the allow-list, or on the deny-list. */
export type ModelDenial = 'not_included' | 'blocked'

const MAX_ECHO = 128

/** The refusal of a model that the caller's policy does not let through; `requested` is what was sent. */
export function modelDenied(requested: string, denial: ModelDenial): Refusal {
  const text = denial === 'blocked' ? 'your role blocks the model' : 'your role does not include the model'
  return new Refusal('model_denied', `${text} ${echo(requested)}`)
}

/** The refusal of a model that no upstream takes. */
export function modelUnknown(requested: string): Refusal {
  return new Refusal('model_unknown', `this gateway does not offer the model ${echo(requested)}`)
}

function echo(id: string): string {
  return [...id.toWellFormed()]
    .slice(0, MAX_ECHO)
    .join('')
    .replaceAll(/\p{Cc}/gu, '?')
}
