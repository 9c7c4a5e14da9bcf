import type { z } from 'zod'
import { AlertShares, AlertWebhook } from './alerts.ts'
import { ObservabilitySection } from './observability.ts'
import { RoutingSection } from './routing.ts'
import {
  absolutePath,
  choice,
  closed,
  emailAddress,
  flag,
  list,
  matching,
  milliseconds,
  plainText,
  scalar,
  text,
  Unfit,
  whole,
} from './scalar.ts'

/** How a developer's Google groups are looked up. */
const GoogleGroups = closed({
  mode: choice(['service_account_role', 'keyless_delegation', 'key_file']),
  service_account: emailAddress().optional(),
  admin_email: emailAddress().optional(),
  key_path: absolutePath().optional(),
  customer: matching(/^C[A-Za-z0-9]+$/, 'a customer id such as C0abc123').optional(),
  nested: flag().default(false),
  /** Unset: `auto` when nested, else `direct`. */
  membership: choice(['direct', 'transitive', 'auto', 'check']).optional(),
  cache_seconds: whole(0, 3600).default(300),
  stale_seconds: whole(0, 86_400).default(3600),
})

/** Postgres through the Cloud SQL connector instead of a URL. */
const CloudSql = closed({
  instance_connection_name: matching(/^[^\s:]+(:[^\s:]+){2}$/, 'project:region:instance'),
  ip_type: choice(['PRIVATE', 'PSC', 'PUBLIC']).default('PRIVATE'),
  iam_auth: flag().default(true),
  database: text().default('gatehouse'),
})

/** `gatehouse.cloud_sql`, defaults filled in. */
export type CloudSqlConfig = z.infer<typeof CloudSql>

/** Sessions and their refresh tokens. */
const Session = closed({
  refresh_token_mode: choice(['wrapped', 'wrapped_accept_raw', 'passthrough']).default('wrapped'),
  refresh_idle_days: whole(1, 365).default(30),
  refresh_grace_seconds: whole(0, 600).default(60),
  on_refresh_reuse: choice(['refuse', 'revoke']).default('refuse'),
  revoke_at_idp: flag().default(false),
})

/** The verification pages and the token answer. */
const SignIn = closed({
  /** Whether the browser must come from the terminal's address. */
  address_match: choice(['warn', 'require', 'off']).default('warn'),
  email_in_token_response: flag().default(false),
  login_notice: plainText(500).optional(),
})

/** What happens to users whom no policy matches, and what is reported about settings. */
const Policy = closed({
  unmatched: choice(['allow', 'deny']).default('allow'),
  client_start_model: text().optional(),
  settings_drift: choice(['off', 'report']).default('off'),
  accepted_checksums: list(matching(/^(sha256:)?[0-9a-f]{64}$/i, '64 hexadecimal digits')).default([]),
})

/** How spend is recorded. */
const Spend = closed({
  reserve: flag().default(false),
  regional_premium: flag().default(false),
  /** A hold is a bounded number: no answer is longer than a million tokens. */
  reserve_output_tokens: whole(1, 1_000_000).default(4096),
  settle_timeout_ms: whole(0, 2000).default(250),
  queue_entries: whole(1).default(10_000),
  entry_retention_days: whole(1).default(8),
  usage_retention_months: whole(1).default(13),
  alerts: AlertShares,
  alert_webhook: AlertWebhook.optional(),
})

/** Bounds of one process. */
const Limits = closed({
  max_concurrent_inference: whole(1).default(5000),
  /** Unset: a quarter of the memory limit, at least 256 MiB. */
  max_buffered_request_bytes: whole(1).optional(),
})

/** How long a stream or a body may stand still. */
const Timeouts = closed({
  /** 0 = off. */
  upstream_idle_ms: milliseconds(0).default(900_000),
  client_stall_ms: milliseconds(1).default(300_000),
  client_body_ms: milliseconds(1).default(60_000),
})

/** How much telemetry of clients waits for each collector, and for how long. */
const Telemetry = closed({
  queue_bytes: whole(1, 1_073_741_824).default(16_777_216),
  queue_items: whole(1, 100_000).default(1000),
  in_flight: whole(1, 256).default(8),
  /** In all: 1 tries an export once. */
  attempts: whole(1, 10).default(3),
  max_age_seconds: whole(1, 3600).default(120),
})

/** `gatehouse.telemetry`, defaults filled in. */
export type TelemetryQueueConfig = z.infer<typeof Telemetry>

/** What is ours: nothing here is read by the reference gateway. */
export const GatehouseSection = closed({
  google_groups: GoogleGroups.optional(),
  cloud_sql: CloudSql.optional(),
  /** Whether `revocation_endpoint` is served. */
  revocation: flag().default(true),
  session: Session.prefault({}),
  sign_in: SignIn.prefault({}),
  policy: Policy.prefault({}),
  /** `true`, or the names of settings that are newer than the table in `cli-settings.ts`. */
  allow_unknown_settings: unknownSettings().default(false),
  telemetry: Telemetry.prefault({}),
  observability: ObservabilitySection.optional(),
  spend: Spend.prefault({}),
  limits: Limits.prefault({}),
  timeouts: Timeouts.prefault({}),
  routing: RoutingSection.prefault({}),
  /** Unset: `json` on Cloud Run, `text` elsewhere. */
  log_format: choice(['text', 'json']).optional(),
})

/** `gatehouse`, defaults filled in. */
export type GatehouseConfig = z.infer<typeof GatehouseSection>

function unknownSettings(): z.ZodType<boolean | string[]> {
  return scalar(input => {
    if (typeof input === 'boolean') return input
    if (input === 'true' || input === 'false') return input === 'true'
    const isNames = Array.isArray(input) && input.every(name => typeof name === 'string' && name !== '')
    return isNames ? input.map(String) : new Unfit('true, false, or a list of setting names')
  })
}
