// Which upstream holds the prompt cache of a conversation. Conversations are known by a keyed hash, never by their text.
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { ScannedBody } from '../body-edits.ts'
import { slicesBetween } from '../body-slices.ts'
import type { ReplyUsage } from '../usage-record.ts'

interface Held {
  readonly upstream: string
  readonly lifeMs: number
  readonly until: number
}

/** Conversations that are remembered; the one that was quiet longest makes room. */
const MAX_CONVERSATIONS = 10_000

/** A cache that was written for an hour lives that long from its last use (platform documentation, "Prompt caching"). */
const HOUR_MS = 3_600_000

/** How far into `messages` the first text is looked for, and how much of it tells conversations apart. */
const SEARCHED_BYTES = 8192
const HASHED_CHARACTERS = 1024

/** Its end is left out: clients move the marks of their caches from one turn to the next. */
const FIRST_TEXT = /"(?:text|content)"\s*:\s*"/

export class Affinity {
  /** Nobody can find out by trying which conversations there are: the key never leaves the process. */
  readonly #secret = createSecretKey(randomBytes(32))
  readonly #lifeMs: number
  readonly #held = new Map<string, Held>()

  /** How long a conversation is remembered from its last reply, in milliseconds; 0 = none is. */
  constructor(lifeMs: number) {
    this.#lifeMs = lifeMs
  }

  get isOff(): boolean {
    return this.#lifeMs === 0
  }

  get isEmpty(): boolean {
    return this.#held.size === 0
  }

  /** What a conversation is known by; null where it says nothing yet. */
  keyOf(body: ScannedBody, { sub, model }: { sub: string; model: string }): string | null {
    const start = firstTextOf(body)
    if (start === null) return null
    const parts = `${sub.length}:${sub}${model.length}:${model}${start}`
    return createHmac('sha256', this.#secret).update(parts).digest('latin1').slice(0, 16)
  }

  upstreamOf(key: string, now: number): string | null {
    const held = this.#held.get(key)
    return held === undefined || now >= held.until ? null : held.upstream
  }

  /** A reply of `upstream` read or wrote the cache of the conversation. */
  keep(key: string, upstream: string, { now, usage }: { now: number; usage: ReplyUsage }): void {
    const before = this.#held.get(key)
    const isHour = usage.parts.some(part => part.cache_write_1h > 0)
    const own = isHour ? Math.max(HOUR_MS, this.#lifeMs) : this.#lifeMs
    const lifeMs = before?.upstream === upstream ? Math.max(own, before.lifeMs) : own
    this.#held.delete(key)
    this.#held.set(key, { upstream, lifeMs, until: now + lifeMs })
    if (this.#held.size <= MAX_CONVERSATIONS) return
    for (const oldest of this.#held.keys()) {
      this.#held.delete(oldest)
      return
    }
  }

  /** The conversation is where it would be sent anyway. */
  forget(key: string): void {
    this.#held.delete(key)
  }
}

/** Reports whether a reply read or wrote a cache. */
export function usesCache({ parts }: ReplyUsage): boolean {
  return parts.some(part => part.cache_read + part.cache_write_5m + part.cache_write_1h > 0)
}

/** The beginning of the first text in `messages`, or what else stands there first. */
function firstTextOf(body: ScannedBody): string | null {
  const member = body.members.find(({ name }) => name === 'messages')
  if (member === undefined) return null
  const end = Math.min(member.valueEnd, member.valueStart + SEARCHED_BYTES)
  const slices = slicesBetween(body.chunks, member.valueStart, end)
  const source = slices.map(slice => slice.toString('latin1')).join('')
  const found = FIRST_TEXT.exec(source)
  if (found === null) return source.slice(0, HASHED_CHARACTERS)
  const from = found.index + found[0].length
  return untilQuote(source.slice(from, from + HASHED_CHARACTERS))
}

/** What stands before the quote that ends a text: one without an odd number of backslashes before it. */
function untilQuote(text: string): string {
  let backslashes = 0
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '"' && backslashes % 2 === 0) return text.slice(0, at)
    backslashes = character === '\\' ? backslashes + 1 : 0
  }
  return text
}
