-- What Google last answered about somebody's groups, for all replicas, and for the grace of a refresh during an outage.

create table google_group_cache (
  key bytea primary key,                   -- SHA-256 of the lower-case address: no table but principal_emails names people
  groups jsonb not null,                   -- addresses of groups, lower-case
  fetched_at timestamptz not null default now()
);
create index google_group_cache_fetched_at on google_group_cache (fetched_at);
