// A cloud's error on its way to the developer, in our words, and to the operator's log, in its own.
import { masked, withoutAwsNames, withoutEmails } from '../lib/masked.ts'
import { printable } from '../lib/printable.ts'
import { cannotCount, providerText, toldError, toldEvent } from './cloud-errors.ts'
import type { ErrorAnswer } from './failover.ts'
import { cloudAnswerHeaders } from './headers.ts'
import { withoutNames } from './operator-names.ts'
import { errorBody } from './upstream-errors.ts'
import type { Call, Cloud, Upstream } from './upstreams/upstream.ts'

/** Whose error it is, and who is to be told. */
export interface ErrorContext {
  readonly upstream: Upstream
  readonly cloud: Cloud
  readonly call: Call
  readonly requestId: string
}

/** An answer with what became of its words. */
export interface TranslatedAnswer extends ErrorAnswer {
  /** The provider's own words, for the log. */
  readonly words: string
  /** Whether the developer reads other words than those. */
  readonly isReworded: boolean
  /** Whether it says that this model's tokens cannot be counted there. */
  readonly cannotCount: boolean
}

/** The longest text of a provider in the log, in characters. */
const MAX_WORDS = 2048

/** The answer, its head and body as a developer may see them; the status stays. */
export function translateAnswer(answer: ErrorAnswer, context: ErrorContext): TranslatedAnswer {
  const { upstream, cloud, call, requestId } = context
  const { status, body } = answer
  const told = toldError({
    ...{ status, body, provider: upstream.provider, clientModel: call.clientModel },
    identifiers: cloud.identifiers,
  })
  return {
    ...answer,
    headers: {
      ...cloudAnswerHeaders(answer.headers, { isError: true }),
      'content-type': 'application/json',
    },
    body: errorBody(told, requestId),
    words: wordsForLog(body, cloud),
    isReworded: told.message !== providerText(body),
    cannotCount: call.operation === 'count_tokens' && (cannotCount(answer) || mayNotCount(answer, upstream)),
  }
}

/** The `error` event in place of the one whose data is `data`, and the provider's own words for the log. */
export function translateEvent(
  data: Buffer,
  context: ErrorContext,
  type?: string,
): { event: Buffer; words: string } {
  const { upstream, cloud, call, requestId } = context
  const told = toldEvent({
    ...{ body: data, type, provider: upstream.provider, clientModel: call.clientModel },
    identifiers: cloud.identifiers,
  })
  const event = Buffer.concat([START, errorBody(told, requestId), END])
  return { event, words: wordsForLog(data, cloud) }
}

const START = Buffer.from('event: error\ndata: ')
const END = Buffer.from('\n\n')

/** On one line, bounded, without credentials, without addresses, and without the operator's names. */
export function wordsForLog(body: Buffer | null, cloud: Cloud | null): string {
  if (body === null) return 'none that can be shown: too long, broken off, or with our credential in it'
  const words = withoutEmails(masked(printable(providerText(body), MAX_WORDS)))
  return withoutNames(withoutAwsNames(words), cloud?.identifiers ?? [])
}

/** Where counting is an action of its own, it may be one that our credential is not allowed. */
function mayNotCount({ status }: ErrorAnswer, { counting }: Upstream): boolean {
  return counting !== undefined && status === 403
}
