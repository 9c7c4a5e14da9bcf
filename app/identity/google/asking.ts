// One request to Google: with a bearer where there is one, repeated while Google asks for patience, read as an answer.
import type { ApiAnswer, ApiCall } from '../../net/google-apis.ts'
import {
  apiFault,
  GroupLookupFault,
  type GroupStep,
  isPassing,
  malformedFault,
  silentFault,
} from './group-fault.ts'

/** What a request shows; a new one where Google refused it. */
export interface Bearer {
  get(): string | Promise<string>
  refused(): void
}

/** What bounds and spaces the requests of one look-up or one token. */
export interface Patience {
  /** Ends everything. */
  readonly signal: AbortSignal
  /** From 0 to 1. */
  random(): number
  /** Resolves after `ms`; rejects when `signal` is aborted before that. */
  pause(ms: number, signal: AbortSignal): Promise<unknown>
}

/** In all (G-44). */
const TRIES = 3

/** The longest pause before the first repetition; the next one is twice as long (full jitter, S-43). */
const FIRST_PAUSE_MS = 400

/** Asks until an answer is final: no more than three times, and never beyond the signal. Rejects with GroupLookupFault. */
export async function askPatiently(
  step: GroupStep,
  ask: () => Promise<ApiAnswer>,
  { signal, random, pause }: Patience,
): Promise<ApiAnswer> {
  for (let tried = 1; ; tried += 1) {
    const answer = await settledBefore(signal, ask()).catch(error => {
      throw error instanceof GroupLookupFault ? error : new GroupLookupFault(silentFault(step, error))
    })
    if (!isPassing(answer) || tried === TRIES) return answer
    try {
      await pause(random() * FIRST_PAUSE_MS * 2 ** (tried - 1), signal)
    } catch {
      return answer // the time is up, and this is what Google said last
    }
  }
}

/** The body of a successful answer of an API; a bearer that Google refuses is replaced once. */
export async function askApi(
  step: GroupStep,
  ask: (call: ApiCall) => Promise<ApiAnswer>,
  { token, patience }: { token: Bearer; patience: Patience },
): Promise<object> {
  const { signal } = patience
  const once = async () => ask({ bearer: await token.get(), signal })
  let answer = await askPatiently(step, once, patience)
  if (answer.status === 401) {
    token.refused()
    answer = await askPatiently(step, once, patience)
  }
  if (answer.status !== 200) throw new GroupLookupFault(apiFault(step, answer))
  return answeredObject(step, answer.body)
}

/** A proxy's page and an error under 200 are no answers. */
export function answeredObject(step: GroupStep, body: unknown): object {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
  if (!isObject) throw new GroupLookupFault(malformedFault(step, 'not_an_object'))
  if ('error' in body) throw new GroupLookupFault(malformedFault(step, 'error_under_200'))
  return body
}

/** Settles like `work`, or rejects when `signal` ends the waiting for it. */
async function settledBefore<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const end = () => reject(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
