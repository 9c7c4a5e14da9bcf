import type { GroupLookup } from './group-lookup.ts'
import type { IdpStep } from './idp-failure.ts'

/** What of a conversation with the identity provider is measured. */
export type ObservedStep = Exclude<IdpStep, 'revocation'> | 'groups'

/** Whoever measures how long the identity provider takes. Nothing it does may throw or wait. */
export interface IdpObserver {
  /** A question is put; what is answered is called when it is over, well or not. */
  asking(step: ObservedStep): () => void
}

/** Puts `question`, and tells `observer` of it; null when nobody measures. */
export async function observed<T>(
  observer: IdpObserver | null,
  step: IdpStep,
  question: () => Promise<T>,
): Promise<T> {
  if (observer === null || step === 'revocation') return question()
  const over = observer.asking(step)
  try {
    return await question()
  } finally {
    over()
  }
}

/** The same for a directory that is asked for groups. */
export function observedLookup(lookup: GroupLookup | null, observer: IdpObserver | null): GroupLookup | null {
  if (lookup === null || observer === null) return lookup
  return {
    async groupsOf(email, options) {
      const over = observer.asking('groups')
      try {
        return await lookup.groupsOf(email, options)
      } finally {
        over()
      }
    },
  }
}
