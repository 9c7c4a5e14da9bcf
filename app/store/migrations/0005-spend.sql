-- What was spent, what may be spent, and who changed it. Money is whole billionths of a US dollar (nano_usd); amounts
-- of caps are whole cents. No table here may take an address or a name of a person.

-- One counter per developer and period; a period's key says which of the three it is: 2026-11-22, 2026-W47, 2026-11.
create table spend (
  principal text not null,                 -- the identity provider's subject
  period text not null,
  period_start date not null,
  nano_usd bigint not null default 0 check (nano_usd >= 0),
  held_nano_usd bigint not null default 0 check (held_nano_usd >= 0),
  updated_at timestamptz not null default now(),
  primary key (principal, period)
);
create index spend_period_start on spend (period_start);

-- The shared monthly budget of a group: what its members spent of it.
create table pooled_spend (
  rbac_group_id text not null,
  period text not null,
  period_start date not null,
  nano_usd bigint not null default 0 check (nano_usd >= 0),
  held_nano_usd bigint not null default 0 check (held_nano_usd >= 0),
  updated_at timestamptz not null default now(),
  primary key (rbac_group_id, period)
);
create index pooled_spend_period_start on pooled_spend (period_start);

create table spend_limits (
  id text primary key,                     -- spl_<32 hexadecimal digits>
  scope_type text not null check (scope_type in ('user', 'rbac_group', 'organization')),
  scope_id text not null check ((scope_type = 'organization') = (scope_id = '')),
  period text not null check (period in ('daily', 'weekly', 'monthly')),
  amount bigint check (amount >= 0),       -- cents; null is unlimited
  pool_amount bigint check (pool_amount >= 0),
  currency text not null default 'USD' check (currency = 'USD'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by text not null,                -- admin-key:<id> or oidc:<sub>
  unique (scope_type, scope_id, period),
  check (pool_amount is null or (scope_type = 'rbac_group' and period = 'monthly'))
);
create index spend_limits_created on spend_limits (created_at, id);

-- Every change of a cap, and every erasure, written with the change itself.
create table admin_audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  target text not null,
  before jsonb,
  after jsonb,
  reason text,
  request_id text not null
);
create index admin_audit_at on admin_audit (at);

-- The groups that a person had on a day, as the bearer of the day's last settled request named them.
create table principal_groups (
  day date not null,
  principal text not null,
  groups jsonb not null,
  primary key (day, principal)
);

-- Every metered request, once: a second settlement of the same entry finds it here and changes nothing.
create table spend_entries (
  entry_id uuid primary key,               -- the gateway's own, never a client's value
  admitted_at timestamptz not null,
  principal text not null,
  day date not null,
  model text not null,                     -- the catalogue's id
  upstream text not null,
  billing_group text not null default '',
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  cache_write_5m_tokens bigint not null,
  cache_write_1h_tokens bigint not null,
  web_search_requests bigint not null,
  nano_usd bigint not null check (nano_usd >= 0),
  list_nano_usd bigint not null check (list_nano_usd >= 0),
  estimated boolean not null,
  aborted boolean not null
);
create index spend_entries_day on spend_entries (day);

create table usage_daily (
  day date not null,
  principal text not null,
  model text not null,
  upstream text not null,
  billing_group text not null default '',
  requests bigint not null,
  aborted_requests bigint not null,
  estimated_requests bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  cache_write_5m_tokens bigint not null,
  cache_write_1h_tokens bigint not null,
  web_search_requests bigint not null,
  nano_usd bigint not null,
  list_nano_usd bigint not null,
  primary key (day, principal, model, upstream, billing_group)
);

-- Estimates of requests that run, where gatehouse.spend.reserve is on.
create table spend_holds (
  entry_id uuid primary key,
  principal text not null,
  periods text[] not null,                 -- keys in spend
  pools text[] not null,                   -- groups in pooled_spend, of the period that is a month
  nano_usd bigint not null check (nano_usd >= 0),
  expires_at timestamptz not null
);
create index spend_holds_principal on spend_holds (principal);
create index spend_holds_expires_at on spend_holds (expires_at);

-- Answers of mutations that came with an Idempotency-Key, for whoever repeats one.
create table admin_idempotency (
  actor text not null,
  key text not null,
  request_hash bytea not null,             -- SHA-256 of method, path and body
  status integer not null,
  body text not null,
  expires_at timestamptz not null,
  primary key (actor, key)
);
create index admin_idempotency_expires_at on admin_idempotency (expires_at);
