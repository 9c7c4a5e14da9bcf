// What of a developer's body goes to one upstream, and what may not go there at all.
import { Refusal } from '../http/errors.ts'
import { editBody } from './body-edits.ts'
import type { RequestBody } from './request-body.ts'
import type { Call, OutgoingBody, Upstream } from './upstreams/upstream.ts'

/** The body with the upstream's edits; of a count, in the form that its endpoint takes. */
export function outgoingBody(body: RequestBody, upstream: Upstream, call: Call): OutgoingBody {
  const edited = editBody(body, upstream.edits(call, body))
  return call.operation === 'count_tokens' ? (upstream.counting?.question(edited) ?? edited) : edited
}

/** A body of less than half the bound needs no closer look: no edit makes it twice as long. */
export function isTooLong(body: RequestBody, upstream: Upstream, call: Call): boolean {
  if (body.length < upstream.maxBodyBytes / 2) return false
  return editBody(body, upstream.edits(call, body)).length > upstream.maxBodyBytes
}

/** Refuses a body with settings of the provider's where the operator has set a guardrail, which they could switch off. */
export function refuseSettings(body: RequestBody, upstream: Upstream): void {
  if (!upstream.refusesSettings || !body.hasProviderSettings) return
  throw new Refusal(
    'guardrail_field',
    'the request body must hold no member that begins with amazon-bedrock-: this gateway sets its own guardrail',
  )
}
