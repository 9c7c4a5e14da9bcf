// What a reply of Bedrock used, in its own words beside the reply, for replies that do not say it themselves (I-77).
import type { IncomingHttpHeaders } from 'node:http'
import { textOf } from './headers.ts'
import { isObject } from './usage-record.ts'

/** The `usage` of the Messages API from `amazon-bedrock-invocationMetrics`; null when it is no object. */
export function usageOfMetrics(metrics: unknown): object | null {
  if (!isObject(metrics)) return null
  return {
    input_tokens: metrics['inputTokenCount'],
    output_tokens: metrics['outputTokenCount'],
    cache_read_input_tokens: metrics['cacheReadInputTokenCount'],
    cache_creation_input_tokens: metrics['cacheWriteInputTokenCount'],
  }
}

/** The same from the headers of a reply that is no stream; undefined when they count nothing. */
export function usageOfHeaders(headers: IncomingHttpHeaders): object | undefined {
  const [input, output, read, written] = ['input', 'output', 'cache-read-input', 'cache-write-input'].map(
    kind => numberOf(textOf(headers[`x-amzn-bedrock-${kind}-token-count`])),
  )
  if (input === undefined && output === undefined) return undefined
  return {
    input_tokens: input,
    output_tokens: output,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined
}
