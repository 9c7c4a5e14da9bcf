// What a reply is called on the other side: at the model's maker, and at the cloud it came through.
import type { IncomingHttpHeaders } from 'node:http'
import { textOf } from './headers.ts'
import type { Cloud } from './upstreams/upstream.ts'

/** Ids that the other side's support asks for; undefined where the answer has none. */
export interface UpstreamIds {
  readonly request: string | undefined
  /** The cloud's own, beside `request`; undefined when it is the only one. */
  readonly cloud: string | undefined
}

/** Before an answer has come. */
export const NO_IDS: UpstreamIds = { request: undefined, cloud: undefined }

/** No id is longer; of a header that is, the beginning is taken. */
const MAX_LENGTH = 128

/**
 * The ids in the head of an answer. Claude Platform on AWS ("Monitoring and logging", "Request IDs") and Microsoft Foundry
 * ("Correlation request IDs") send one of each kind; Bedrock's only id is Amazon's.
 */
export function upstreamIdsOf(headers: IncomingHttpHeaders, cloud: Cloud | null): UpstreamIds {
  const own = idIn(headers, 'request-id') ?? idIn(headers, 'x-request-id')
  const clouds = cloud?.requestIdHeader === undefined ? undefined : idIn(headers, cloud.requestIdHeader)
  if (own === undefined || own === clouds) return { request: clouds, cloud: undefined }
  return { request: own, cloud: clouds }
}

function idIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  return textOf(headers[name])?.slice(0, MAX_LENGTH)
}
