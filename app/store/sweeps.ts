// What is deleted, and when it is old enough. Each statement repeats the age on the row itself (M-61): a row that was
// refreshed while the statement waited for it stays.
import type { AdminConfig } from '../config/admin.ts'
import type { GatehouseConfig } from '../config/gatehouse.ts'

/** One table's batch. */
export interface Sweep {
  readonly table: string
  /** Deletes at most $1 rows. */
  readonly text: string
  /** $2: days or months, where the age is the operator's to say. */
  readonly age?: number
}

/** How long the operator keeps what. */
export interface Retention {
  /** Undefined without the section. */
  readonly admin: Pick<AdminConfig, AdminAges> | undefined
  readonly spend: Pick<GatehouseConfig['spend'], 'entry_retention_days' | 'usage_retention_months'>
}

type AdminAges = 'audit_retention_days' | 'spend_retention_months' | 'identity_retention_days'

/** State of sign-ins under way, which lives for minutes. */
export const SHORT_LIVED: readonly Sweep[] = [
  {
    table: 'device_grants',
    text: `
      delete from device_grants
       where ctid = any (array(select ctid from device_grants where expires_at <= now() limit $1))
         and expires_at <= now()`,
  },
  {
    table: 'claimed_states',
    text: `
      delete from claimed_states
       where ctid = any (array(select ctid from claimed_states where expires_at <= now() limit $1))
         and expires_at <= now()`,
  },
  {
    table: 'rate_windows',
    text: `
      delete from rate_windows
       where ctid = any (array(select ctid from rate_windows where expires_at <= now() limit $1))
         and expires_at <= now()`,
  },
]

/** What lives for days and longer. */
export function longLived({ admin, spend }: Retention): readonly Sweep[] {
  const kept = [...FIXED, identities(admin?.identity_retention_days ?? IDENTITY_DAYS)]
  // Without `admin` nothing of spend is written, and nobody says how long what an earlier file left is to be kept.
  return admin === undefined ? kept : [...kept, ...spendSweeps(admin, spend)]
}

/** The default of `admin.identity_retention_days`, where there is no `admin`. */
const IDENTITY_DAYS = 90

// Whoever writes more means for ever; Postgres has no date before 4713 BC to subtract to.
const MOST_MONTHS = 12_000
const MOST_DAYS = 365_000

/** Ages that nobody sets. */
const FIXED: readonly Sweep[] = [
  {
    table: 'session_refresh',
    text: `
      delete from session_refresh
       where ctid = any (array(select ctid from session_refresh where expires_at <= now() limit $1))
         and expires_at <= now()`,
  },
  {
    table: 'revoked_sessions',
    text: `
      delete from revoked_sessions
       where ctid = any (array(select ctid from revoked_sessions where expires_at <= now() limit $1))
         and expires_at <= now()`,
  },
  {
    table: 'settings_checksums',
    text: `
      delete from settings_checksums
       where ctid = any (array(
               select ctid from settings_checksums where served_at <= now() - interval '24 hours' limit $1))
         and served_at <= now() - interval '24 hours'`,
  },
  {
    // A day is the longest that `gatehouse.google_groups.stale_seconds` allows.
    table: 'google_group_cache',
    text: `
      delete from google_group_cache
       where ctid = any (array(
               select ctid from google_group_cache where fetched_at <= now() - interval '1 day' limit $1))
         and fetched_at <= now() - interval '1 day'`,
  },
  {
    table: 'admin_idempotency',
    text: `
      delete from admin_idempotency
       where ctid = any (array(select ctid from admin_idempotency where expires_at <= now() limit $1))
         and expires_at <= now()`,
  },
]

/** Who was not seen for so many days, counted in whole days of UTC. */
function identities(days: number): Sweep {
  return {
    table: 'principal_emails',
    text: `
      with cut as (select (date_trunc('day', now() at time zone 'utc') - make_interval(days => $2))
                          at time zone 'utc' as at)
      delete from principal_emails
       where principal = any (array(
               select principal from principal_emails where updated_at < (select at from cut) limit $1))
         and updated_at < (select at from cut)`,
    age: Math.min(days, MOST_DAYS),
  }
}

/** Counters and records of spend, and who changed what; in whole months or days of UTC. */
function spendSweeps(admin: NonNullable<Retention['admin']>, spend: Retention['spend']): Sweep[] {
  const spendMonths = Math.min(admin.spend_retention_months, MOST_MONTHS)
  const usageMonths = Math.min(spend.usage_retention_months, MOST_MONTHS)
  return [
    { table: 'spend', text: OLD_SPEND, age: spendMonths },
    { table: 'pooled_spend', text: OLD_POOLED_SPEND, age: spendMonths },
    { table: 'spend_alerts', text: OLD_ALERTS, age: spendMonths },
    { table: 'admin_audit', text: OLD_AUDIT, age: Math.min(admin.audit_retention_days, MOST_DAYS) },
    { table: 'principal_groups', text: OLD_GROUPS, age: usageMonths },
    { table: 'usage_daily', text: OLD_USAGE, age: usageMonths },
    { table: 'spend_entries', text: OLD_ENTRIES, age: Math.min(spend.entry_retention_days, MOST_DAYS) },
  ]
}

const OLD_SPEND = `
  with cut as (select (date_trunc('month', now() at time zone 'utc') - make_interval(months => $2))::date as day)
  delete from spend
   where ctid = any (array(select ctid from spend where period_start < (select day from cut) limit $1))
     and period_start < (select day from cut)`

const OLD_POOLED_SPEND = `
  with cut as (select (date_trunc('month', now() at time zone 'utc') - make_interval(months => $2))::date as day)
  delete from pooled_spend
   where ctid = any (array(select ctid from pooled_spend where period_start < (select day from cut) limit $1))
     and period_start < (select day from cut)`

const OLD_ALERTS = `
  with cut as (select (date_trunc('month', now() at time zone 'utc') - make_interval(months => $2))
                      at time zone 'utc' as at)
  delete from spend_alerts
   where ctid = any (array(select ctid from spend_alerts where at < (select at from cut) limit $1))
     and at < (select at from cut)`

const OLD_AUDIT = `
  with cut as (select (date_trunc('day', now() at time zone 'utc') - make_interval(days => $2))
                      at time zone 'utc' as at)
  delete from admin_audit
   where ctid = any (array(select ctid from admin_audit where at < (select at from cut) limit $1))
     and at < (select at from cut)`

const OLD_GROUPS = `
  with cut as (select (date_trunc('month', now() at time zone 'utc') - make_interval(months => $2))::date as day)
  delete from principal_groups
   where ctid = any (array(select ctid from principal_groups where day < (select day from cut) limit $1))
     and day < (select day from cut)`

const OLD_USAGE = `
  with cut as (select (date_trunc('month', now() at time zone 'utc') - make_interval(months => $2))::date as day)
  delete from usage_daily
   where ctid = any (array(select ctid from usage_daily where day < (select day from cut) limit $1))
     and day < (select day from cut)`

const OLD_ENTRIES = `
  with cut as (select (date_trunc('day', now() at time zone 'utc') - make_interval(days => $2))::date as day)
  delete from spend_entries
   where ctid = any (array(select ctid from spend_entries where day < (select day from cut) limit $1))
     and day < (select day from cut)`
