import { failureOf, IdpFailure, type IdpStep, isObject } from './idp-failure.ts'

/** Fetches a JSON object that the identity provider publishes; every other answer is an IdpFailure. */
export async function fetchDocument(
  url: string,
  step: IdpStep,
  ask: typeof globalThis.fetch,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const response = await ask(url, { headers: { accept: 'application/json' } })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new IdpFailure(step, { kind: 'status', status: response.status })
    }
    const document: unknown = await response.json()
    if (!isObject(document)) throw new IdpFailure(step, { kind: 'bad_answer', what: 'malformed' })
    return document
  } catch (thrown) {
    throw await failureOf(step, thrown)
  }
}
