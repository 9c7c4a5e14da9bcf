// The answers of count endpoints, whatever their provider calls the number.
import { isObject } from './usage-record.ts'

/** The number that `answer` calls `member`; null when there is none, or none that counts anything. */
export function tokensIn(answer: unknown, member = 'input_tokens'): number | null {
  const tokens = isObject(answer) ? answer[member] : undefined
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : null
}

/** The answer as the Messages API's endpoint gives it; null when it holds no count. */
export function countAnswer(body: Buffer, member: string): Buffer | null {
  try {
    const tokens = tokensIn(JSON.parse(body.toString('utf8')), member)
    return tokens === null ? null : Buffer.from(JSON.stringify({ input_tokens: tokens }))
  } catch {
    return null
  }
}
