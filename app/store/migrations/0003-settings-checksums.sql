-- Which settings documents were served lately, so that machines that still hold one of them are known. Nothing about people.

create table settings_checksums (
  checksum text primary key,               -- SHA-256 of the document, as clients are told it
  served_at timestamptz not null default now()
);
create index settings_checksums_served_at on settings_checksums (served_at);
