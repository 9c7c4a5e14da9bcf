-- Short-lived state of sign-in, and what must be refused although its token is still valid.

create table device_grants (
  device_hash bytea primary key,           -- SHA-256 of the device_code, which is never stored
  user_code text not null unique,
  status text not null default 'pending' check (status in ('pending', 'approved', 'denied')),
  sealed text,                             -- who approved, encrypted; present once approved
  last_poll_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  client_ip text not null,
  user_agent text not null default '',
  surface text not null default ''
);
create index device_grants_expires_at on device_grants (expires_at);

create table claimed_states (
  jti text primary key,
  expires_at timestamptz not null
);
create index claimed_states_expires_at on claimed_states (expires_at);

create table rate_windows (
  key text primary key,
  hits integer not null,
  expires_at timestamptz not null
);
create index rate_windows_expires_at on rate_windows (expires_at);

create table session_refresh (
  sid text primary key,
  gen bigint not null,
  sealed text,
  shared_at timestamptz,
  holder text not null,
  lease_until timestamptz not null,
  expires_at timestamptz not null
);
create index session_refresh_expires_at on session_refresh (expires_at);

create table revoked_sessions (
  key text primary key,
  revoked_at timestamptz not null default now(),
  expires_at timestamptz not null,
  reason text not null
);
create index revoked_sessions_revoked_at on revoked_sessions (revoked_at);
create index revoked_sessions_expires_at on revoked_sessions (expires_at);
