// What a check of the environment is, and what it may look at.

import type { Config } from '../config/config.ts'
import type { CHECK_IDS } from '../config/doctor-arguments.ts'
import type { Clock } from '../lib/clock.ts'
import type { Network } from '../net/network.ts'
import type { CloudSql } from '../store/cloud-sql.ts'

export type CheckId = (typeof CHECK_IDS)[number]

/** What one check found. Neither text holds a secret, a token or a list of groups. */
export interface Verdict {
  readonly status: 'ok' | 'warn' | 'fail' | 'skip'
  /** What was seen, in a sentence. */
  readonly evidence: string
  /** What to do about it; absent when there is nothing to do. */
  readonly fix?: string
}

export interface Examination {
  readonly config: Config
  /** The origin that is asked as a client would; `listen.public_url` unless `--url` names another. */
  readonly origin: string
  /** Whose groups are looked up. */
  readonly user: string | null
  readonly isOnCloudRun: boolean
  /** Where the log of the gateway is read. */
  readonly project: string | undefined
  readonly network: Network
  /** All addresses of a name, as the system's resolver answers. */
  resolve(host: string): Promise<readonly string[]>
  /** A `fetch` of the purpose, guarded, whose answers are read whole. */
  transport(purpose: 'google' | 'upstream' | 'idp'): typeof fetch
  /** An access token of the service's own Google credentials. */
  googleToken(): Promise<string>
  /** The email of the account that the token is for. */
  googleAccount(): Promise<string>
  readonly cloudSql: CloudSql | undefined
  /** The folder of the numbered .sql files. */
  readonly migrations: string
  readonly clock: Clock
  wait(ms: number): Promise<unknown>
}

export interface Check {
  readonly id: CheckId
  /** Changes nothing. May reject: the failure is the verdict then. */
  examine(examination: Examination): Promise<Verdict | readonly Verdict[]>
}

export function ok(evidence: string): Verdict {
  return { status: 'ok', evidence }
}

export function warn(evidence: string, fix: string): Verdict {
  return { status: 'warn', evidence, fix }
}

export function fail(evidence: string, fix: string): Verdict {
  return { status: 'fail', evidence, fix }
}

export function skip(evidence: string): Verdict {
  return { status: 'skip', evidence }
}
