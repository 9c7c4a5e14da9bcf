// Bedrock counts the tokens of a body that it would be invoked with, wrapped into one of its own (CountTokens).
import { findMember, type ValueSpan } from '../json-members.ts'
import { isObject } from '../usage-record.ts'
import { foundationModel } from './bedrock-models.ts'
import type { Counting, OutgoingBody } from './upstream.ts'

const MAX_TOKENS = Buffer.from('max_tokens')
const THINKING = Buffer.from('thinking')
const START = '{"input":{"invokeModel":{"body":"'
const END = '"}}}'

/** Counting as Bedrock does it (I-58). */
export const BEDROCK_COUNTING: Counting = {
  member: 'inputTokens',
  takes: model => foundationModel(model) !== null,
  question(body) {
    const whole = withFewTokens(Buffer.concat(body.chunks))
    const question = Buffer.from(START + whole.toString('base64') + END)
    return { chunks: [question], length: question.length } satisfies OutgoingBody
  },
}

/** The body with the least `max_tokens` that Bedrock takes for it: a count produces none. */
function withFewTokens(body: Buffer): Buffer {
  const span: ValueSpan = { from: -1, to: 0, isText: false }
  const whole = { from: 0, to: body.length }
  findMember(body, { ...whole, name: THINKING }, span)
  const thinking = span.from === -1 || span.isText ? undefined : body.subarray(span.from, span.to)
  const tokens = String(budgetOf(thinking) + 1)
  findMember(body, { ...whole, name: MAX_TOKENS }, span)
  if (span.from === -1) {
    const open = body.indexOf('{') + 1
    const member = Buffer.from(`"max_tokens":${tokens},`)
    return Buffer.concat([body.subarray(0, open), member, body.subarray(open)])
  }
  return Buffer.concat([body.subarray(0, span.from), Buffer.from(tokens), body.subarray(span.to)])
}

function budgetOf(thinking: Buffer | undefined): number {
  const value: unknown = thinking === undefined ? null : JSON.parse(thinking.toString('utf8'))
  const budget = isObject(value) ? value['budget_tokens'] : null
  return typeof budget === 'number' && Number.isSafeInteger(budget) && budget > 0 ? budget : 0
}
