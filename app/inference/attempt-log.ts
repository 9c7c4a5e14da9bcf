// What the operator reads about attempts that did not serve: one line each, and no prompt in any.
import type { Clock } from '../lib/clock.ts'
import type { Log, LogFields } from '../lib/log.ts'
import { withoutAwsNames } from '../lib/masked.ts'
import type { TranslatedAnswer } from './cloud-answer.ts'
import type { Exchange } from './exchange.ts'
import type { ErrorAnswer, Failure } from './failover.ts'
import type { Call } from './upstreams/upstream.ts'

export interface AttemptLogOptions {
  readonly log: Log
  /** A clock that only goes forward. */
  readonly clock: Clock
}

const HOUR_MS = 3_600_000

export class AttemptLog {
  readonly #log: Log
  readonly #clock: Clock
  readonly #oddFields = new Map<string, number>()

  constructor({ log, clock }: AttemptLogOptions) {
    this.#log = log
    this.#clock = clock
  }

  /** The next upstream is asked. */
  failed(exchange: Exchange, failure: Failure | TranslatedAnswer): void {
    this.#log.warn(
      `upstream ${failure.upstream} failed; asking the next one, if there is one`,
      failure.kind === 'unreachable'
        ? { cause: failure.cause, ...exchange.ids() }
        : {
            ...answerFields(failure, exchange),
            hint: failure.status >= 300 && failure.status < 400 ? 'a redirect: check base_url' : undefined,
          },
    )
  }

  /** A cloud's error is the answer: the developer reads our words, the operator the cloud's own. */
  refused(exchange: Exchange, answer: TranslatedAnswer, { model }: Call): void {
    const level = answer.isReworded ? 'warn' : 'debug'
    this.#log[level](`upstream ${answer.upstream} refused a request`, {
      ...answerFields(answer, exchange),
      model: withoutAwsNames(model),
    })
  }

  /** A stream of a cloud ended in an error. */
  endedInError(exchange: Exchange, upstream: string, words: string): void {
    this.#log.warn(`a stream of upstream ${upstream} ended in an error`, { answer: words, ...exchange.ids() })
  }

  /** Clients count in bursts, and a location without counting is no fault. */
  cannotCount(exchange: Exchange, answer: TranslatedAnswer, { model }: Call): void {
    this.#log.debug(`upstream ${answer.upstream} cannot count tokens; it is not asked for ten minutes`, {
      ...answerFields(answer, exchange),
      model: withoutAwsNames(model),
    })
  }

  /** One warning per upstream and hour. */
  oddField(upstream: string, field: string): void {
    const now = this.#clock()
    const last = this.#oddFields.get(upstream)
    if (last !== undefined && now - last < HOUR_MS) return
    this.#oddFields.set(upstream, now)
    this.#log.warn('a usage field of an upstream is not a whole number; it counts as 0', { upstream, field })
  }
}

function answerFields(answer: ErrorAnswer | TranslatedAnswer, exchange: Exchange): LogFields {
  return {
    status: answer.status,
    ...exchange.ids(),
    upstream_request_id: answer.ids.request,
    upstream_cloud_request_id: answer.ids.cloud,
    answer: 'words' in answer ? answer.words : undefined,
  }
}
