/**
 * Every audit event and its fields: a closed union, compared with the manual by a test.
 *
 * `ts` is added by the writer. Absent values are omitted from the line; `null` is written as such.
 */
export type AuditEvent =
  | {
      evt: 'config.load'
      path: string
      sha256: string
      result: 'success' | 'fail'
      problems: number
      version: string
      secrets: { env: number; file: number; secret: number }
    }
  | {
      evt: 'device.authorize'
      request_id: string
      result: 'success' | 'rate_limited' | 'error'
      client_ip: string
      surface?: string | undefined
    }
  | {
      evt: 'device.verify'
      request_id: string
      result: 'redirect' | 'csrf_rejected' | 'unknown_code' | 'rate_limited' | 'address_mismatch'
      client_ip: string
    }
  | {
      evt: 'device.callback'
      request_id: string
      result: 'browser_mismatch' | 'approved' | 'idp_error' | 'bad_state' | 'replay'
      client_ip: string
    }
  | {
      evt: 'device.deny'
      request_id: string
      result: 'denied' | 'unknown_code' | 'csrf_rejected' | 'rate_limited'
      client_ip: string
      requested_from?: string | undefined
      requested_at?: string | undefined
    }
  | ({ evt: 'session.mint'; request_id: string; client_ip: string } & (SessionFacts | SessionFailure))
  | ({ evt: 'session.refresh'; request_id: string; client_ip: string } & (
      | (SessionFacts & { rotated: boolean; shared: boolean; groups_stale?: boolean | undefined })
      | SessionFailure
    ))
  | {
      evt: 'session.revoke'
      request_id: string
      sid?: string | undefined
      sub?: string | undefined
      client_ip: string
      reason: 'logout' | 'reuse' | 'admission' | 'admin'
      actor?: string | undefined
    }
  | {
      evt: 'auth.denied'
      request_id: string
      reason: 'missing_token' | 'invalid_token' | 'expired' | 'revoked'
      path: string
      client_ip: string
      repeated?: number | undefined
    }
  | {
      evt: 'access.denied'
      request_id: string
      reason: 'ip_not_allowlisted' | 'ip_denylist' | 'xff_unparseable' | 'client_ip_unknown'
      client_ip?: string | undefined
      xff_hop?: string | undefined
      repeated?: number | undefined
    }
  | { evt: 'access.public_client'; request_id: string; client_ip: string }
  | {
      evt: 'inference'
      request_id: string
      trace_id?: string | undefined
      sub: string
      email?: string | undefined
      path: string
      model: string | null
      upstream: string | null
      upstream_request_id?: string | undefined
      upstream_cloud_request_id?: string | undefined
      status: number
      ms: number
      stream?: boolean | undefined
      attempts?: number | undefined
      routing?: 'first' | 'weighted' | 'affinity' | 'probe' | 'skipped' | 'last_resort' | undefined
      retry_denied?: boolean | undefined
      ttfb_ms?: number | undefined
      usage?: AuditUsage | undefined
      billing_group?: string | undefined
      cost_cents?: string | undefined
      outcome?: 'client_abort' | 'upstream_abort' | 'drained' | undefined
      load_test?: boolean | undefined
      settings_state?: SettingsState | undefined
    }
  | ({ evt: 'spend.blocked'; request_id: string; sub: string } & (
      | {
          cause: 'over_limit' | 'pool_exhausted' | 'reserved'
          cap_cents: string
          source: string
          period: 'daily' | 'weekly' | 'monthly'
        }
      | { cause: 'store_error' }
    ))
  | {
      evt: 'spend.unsettled'
      reason: 'queue_full' | 'refused' | 'shutdown'
      entry_id: string
      admitted_at: string
      principal: string
      groups: readonly string[]
      day: string
      week: string
      month: string
      week_start: string
      month_start: string
      model: string
      upstream: string
      billing_group: string
      input_tokens: string
      output_tokens: string
      cache_read_tokens: string
      cache_write_5m_tokens: string
      cache_write_1h_tokens: string
      web_search_requests: string
      nano_usd: string
      list_nano_usd: string
      estimated: boolean
      aborted: boolean
    }
  | {
      evt: 'spend.threshold'
      scope: 'user' | 'pool'
      period: 'daily' | 'weekly' | 'monthly'
      period_key: string
      fraction: string
      cap_cents: string
      sub?: string | undefined
      rbac_group_id?: string | undefined
      alert_id: string
    }
  | {
      evt: 'managed.serve'
      request_id: string
      sub: string
      email?: string | undefined
      policy_index: number | null
      checksum: string
    }
  | {
      evt: 'desktop_bootstrap.serve'
      request_id: string
      sub: string
      email?: string | undefined
      policy_index: number
    }
  | {
      evt: 'desktop_bootstrap.denied'
      request_id: string
      reason: 'not_configured' | 'policy_not_opted_in' | 'no_policy_matched'
      sub: string
      email?: string | undefined
    }
  | {
      evt: 'admin.denied'
      request_id: string
      reason: 'no_credentials' | 'invalid_key' | 'bearer_rejected' | 'insufficient'
      method: string
      path: string
      client_ip: string
      repeated?: number | undefined
    }
  | {
      evt: 'admin.limit.upsert'
      request_id: string
      actor: string
      target: string
      scope_type: LimitScope
      scope_id: string
      period: LimitPeriod
      before_amount?: string | null | undefined
      amount: string | null
      before_pool_amount?: string | null | undefined
      pool_amount?: string | null | undefined
    }
  | {
      evt: 'admin.limit.delete'
      request_id: string
      actor: string
      target: string
      scope_type: LimitScope
      scope_id: string
      period: LimitPeriod
    }
  | {
      evt: 'admin.principal.erase'
      request_id: string
      actor: string
      target: string
      mode: 'identity' | 'full'
    }
  | { evt: 'doctor.result'; check: string; status: 'ok' | 'warn' | 'fail' | 'skip' }
  | { evt: 'server.stop'; signal: string; cut: number; drained_ms: number }
  | { evt: 'audit.gap'; dropped: number; since: string }

/** Tokens by kind, summed over the parts of a reply. */
export interface AuditUsage {
  input: number
  output: number
  cache_read: number
  cache_write: number
  cache_write_1h: number
  web_search: number
}

/**
 * What a client says of its managed settings: those of its person's policy, those of another document of the last
 * 24 hours, ones that the operator accepts, others, or nothing.
 */
export type SettingsState = 'current' | 'previous' | 'accepted' | 'unknown' | 'missing'

type LimitScope = 'user' | 'rbac_group' | 'organization'

type LimitPeriod = 'daily' | 'weekly' | 'monthly'

interface SessionFacts {
  result: 'success'
  sub: string
  email?: string | undefined
  sid?: string | undefined
  ttl_hours: number
  approved_from?: string | undefined
  cross_address?: boolean | undefined
}

interface SessionFailure {
  result: 'fail'
  err: string
  step?: string | undefined
  answer?: string | undefined
}

/** What any event of a traced request carries. */
export interface Traced {
  /** 32 hexadecimal digits. */
  trace_id?: string | undefined
}

/** Where events go. Writing never throws and never waits. */
export interface Audit {
  write(event: AuditEvent & Traced): void
}
