// An error in the log's words: where it happened and why, and no secret.
import { masked } from './masked.ts'

const MAX_CHARACTERS = 2_048

/** An error for the log: its stack and its causes', without what looks like a credential, at most 2 KiB long. */
export function described(error: unknown): string {
  const parts: string[] = []
  for (let next = error, depth = 0; next !== undefined && depth < 4; depth += 1) {
    parts.push(next instanceof Error ? (next.stack ?? next.message) : String(next))
    next = next instanceof Error ? next.cause : undefined
  }
  return masked(parts.join('\ncaused by ')).slice(0, MAX_CHARACTERS)
}
