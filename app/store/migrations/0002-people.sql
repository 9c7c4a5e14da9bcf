-- Who people were when they last signed in or refreshed. The only table with names and addresses of people.

create table principal_emails (
  principal text primary key,              -- the identity provider's subject
  email text,
  name text,
  groups jsonb not null default '[]',      -- empty when the provider told nothing about groups
  updated_at timestamptz not null default now()
);
