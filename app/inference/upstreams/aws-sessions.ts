// Sessions of a role on AWS: one for the whole gateway, or one for each developer, whom AWS's own records then name.
import { createHash } from 'node:crypto'
import type { Identity } from '../../identity/identity.ts'
import type { Clock } from '../../lib/clock.ts'
import { ExpiringToken, type FetchedToken } from '../../lib/expiring-token.ts'
import type { Log } from '../../lib/log.ts'
import type { AwsKeys } from '../../net/aws-keys.ts'
import type { AwsKeySource } from './aws-authority.ts'

export interface RoleSessionsOptions {
  /** The upstream's name. */
  readonly name: string
  /** Which claim names the session; undefined gives all developers one. */
  readonly sessionName: 'email' | 'sub' | undefined
  /** What the role is assumed with; a request itself never goes with these. */
  readonly base: AwsKeySource
  readonly assume: (base: AwsKeys, sessionName: string) => Promise<FetchedToken<AwsKeys>>
  readonly clock: Clock
  readonly log: Log
}

/** AWS hands out what has five minutes left; no request starts with less than one. */
export const AWS_REFRESH_AHEAD_MS = 300_000
export const AWS_BLOCK_UNDER_MS = 60_000

/** Beyond it the session that was used longest ago is given up. */
const MAX_SESSIONS = 10_000

const SHARED_NAME = 'claude-apps-gateway'
const MAX_NAME = 64
const HASH_CHARACTERS = 16

/** Holds the sessions; each is asked for once an hour, however many requests wait for it. */
export class RoleSessions implements AwsKeySource {
  readonly #options: RoleSessionsOptions
  readonly #sessions = new Map<string, ExpiringToken<AwsKeys>>()

  constructor(options: RoleSessionsOptions) {
    this.#options = options
  }

  /** Throws for a developer without the claim that names the session. */
  get(identity: Identity): AwsKeys | Promise<AwsKeys> {
    const name = this.#nameFor(identity)
    const session = this.#sessions.get(name) ?? this.#open(name, identity)
    // The map keeps its order, so the first entry is always the one used longest ago.
    this.#sessions.delete(name)
    this.#sessions.set(name, session)
    if (this.#sessions.size > MAX_SESSIONS) {
      for (const oldest of this.#sessions.keys()) {
        this.#sessions.delete(oldest)
        break
      }
    }
    return session.get()
  }

  refused(identity: Identity): void {
    this.#sessions.get(this.#nameFor(identity))?.refused()
  }

  #nameFor(identity: Identity): string {
    const { sessionName } = this.#options
    if (sessionName === undefined) return SHARED_NAME
    const claim = identity[sessionName]
    if (claim === undefined || claim === '')
      throw new Error(`the role's session is named by ${sessionName}, which this developer's identity lacks`)
    return sessionNameOf(claim)
  }

  #open(name: string, identity: Identity): ExpiringToken<AwsKeys> {
    const { base, assume, clock, log } = this.#options
    return new ExpiringToken<AwsKeys>({
      name: `a session of the role of upstream "${this.#options.name}"`,
      ...{ clock, log, refreshAheadMs: AWS_REFRESH_AHEAD_MS, blockUnderMs: AWS_BLOCK_UNDER_MS },
      fetchToken: async () => {
        const keys = await base.get(identity)
        try {
          return await assume(keys, name)
        } catch (error) {
          base.refused(identity)
          throw error
        }
      },
    })
  }
}

/**
 * The claim as a session's name: other characters than letters, digits and `_+,.@-` become `=XX`, byte by byte in
 * UTF-8, so that no two claims share a name. A longer one than AWS takes is cut, and its hash put in place of the rest.
 */
export function sessionNameOf(claim: string): string {
  const escaped = claim.replaceAll(/[^A-Za-z0-9_+,.@-]+/g, text =>
    [...Buffer.from(text)].map(byte => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
  // AWS wants two characters; no escape ends in `=`.
  if (escaped.length === 1) return `${escaped}=`
  if (escaped.length <= MAX_NAME) return escaped
  const hash = createHash('sha256').update(escaped).digest('hex').slice(0, HASH_CHARACTERS)
  return `${escaped.slice(0, MAX_NAME - HASH_CHARACTERS - 1)}-${hash}`
}
