-- Alerts: what a developer or a group has spent reached a share of its cap (M-48a). A row is raised once per share and
-- period, and stays to be delivered; after its cap was raised beyond it, it no longer stands in the way of a new one.

create table spend_alerts (
  id uuid primary key,
  scope text not null,                     -- user:<subject>, or pool:<group> for a group's shared budget
  period text not null,                    -- the key of a day, a week or a month, as in spend
  share numeric not null check (share > 0),
  cap_cents bigint not null,
  nano_usd bigint not null,                -- the counter that reached it
  at timestamptz not null default now(),
  entry_id uuid not null,                  -- the first entry of the settlement that raised it
  rearmed_at timestamptz,                  -- from then on the share may be reached again
  attempts integer not null default 0,
  due_at timestamptz,                      -- when it is sent (again); null when it is not sent (any more)
  delivered_at timestamptz
);
create unique index spend_alerts_armed on spend_alerts (period, scope, share) where rearmed_at is null;
create index spend_alerts_due_at on spend_alerts (due_at) where due_at is not null;
create index spend_alerts_at on spend_alerts (at);

-- The id of an alert: 122 bits of a hash in the form of RFC 9562 section 5.8, as there is no source of random ids before
-- PostgreSQL 13.
create function spend_alert_id(scope text, period text, share numeric) returns uuid language sql volatile as $$
  select overlay(overlay(hash placing '8' from 13 for 1) placing '8' from 17 for 1)::uuid
    from encode(substr(sha256(convert_to(concat_ws(chr(10), scope, period, share, clock_timestamp()), 'UTF8')), 1, 16),
                'hex') as hash
$$;

-- Raises the alerts that `who` has reached, a list of {principal, groups, daily, weekly, monthly} with the keys of the
-- periods, in the transaction that has just changed their counters, whose first entry is `entry`. `notify` says whether
-- they are to be sent. Answers those that nobody raised before; amounts and shares are text, as JSON has no other exact
-- form.
--
-- It runs with every settlement. So what is below the least share costs look-ups by key only: a counter is read by itself
-- rather than joined; which cap applies is asked where one's own, or the smallest of everybody else's, is near; and no
-- plan depends on how many shares there are, which lets Postgres keep one.
create function raise_spend_alerts(who jsonb, shares numeric[], mode text, notify boolean, entry uuid)
returns table (id uuid, scope text, period text, share text, cap_cents text, nano_usd text) language plpgsql as $$
#variable_conflict use_column
declare
  least_share numeric := (select min(s) from unnest(shares) as s);
  counter record;
begin
  if least_share is null or not exists (select from spend_limits) then return; end if;

  for counter in
    with concerned as (
      select distinct w.principal, w.groups, w.daily, w.weekly, w.monthly
        from jsonb_to_recordset(who) as w (principal text, groups jsonb, daily text, weekly text, monthly text)
    ), floors as (
      select l.period, min(l.amount) as cents
        from spend_limits l
       where l.scope_type in ('rbac_group', 'organization') and l.amount > 0
       group by l.period
    ), counted as (
      select 'user:' || near.principal as scope, near.key as period, near.nano_usd, cap.amount as cap_cents
        from (
          select c.principal, c.groups, span.name, span.key, spent.nano_usd
            from concerned c
           cross join lateral (values ('daily', c.daily), ('weekly', c.weekly), ('monthly', c.monthly)) as span (name, key)
           cross join lateral (
                   select s.nano_usd from spend s where s.principal = c.principal and s.period = span.key limit 1) as spent
            left join lateral (
                   select l.amount from spend_limits l
                    where l.scope_type = 'user' and l.scope_id = c.principal and l.period = span.name limit 1) as own on true
            left join floors f on f.period = span.name
           where spent.nano_usd >= least(own.amount, f.cents) * 10000000::numeric * least_share
          offset 0
        ) as near
       cross join lateral effective_cap(near.principal, near.groups, near.name, mode) as cap
      union all
      select 'pool:' || m.name, m.monthly, spent.nano_usd, l.pool_amount
        from (select distinct c.monthly, g.name from concerned c, jsonb_array_elements_text(c.groups) as g (name)) as m
        join spend_limits l on l.scope_type = 'rbac_group' and l.scope_id = m.name and l.period = 'monthly'
       cross join lateral (
               select p.nano_usd from pooled_spend p
                where p.rbac_group_id = m.name and p.period = m.monthly limit 1) as spent
    )
    select * from counted c
     where c.cap_cents > 0 and c.nano_usd >= c.cap_cents * 10000000::numeric * least_share
     order by c.period, c.scope, c.cap_cents
  loop
    return query
    insert into spend_alerts as a (id, scope, period, share, cap_cents, nano_usd, entry_id, due_at)
    select spend_alert_id(counter.scope, counter.period, s.share), counter.scope, counter.period, s.share,
           counter.cap_cents, counter.nano_usd, entry, case when notify then now() end
      from unnest(shares) as s (share)
     where counter.nano_usd >= counter.cap_cents * 10000000::numeric * s.share
       and not exists (
             select from spend_alerts o
              where o.period = counter.period and o.scope = counter.scope and o.share = s.share
                and o.rearmed_at is null)
     order by s.share
    on conflict (period, scope, share) where rearmed_at is null do nothing
    returning a.id, a.scope, a.period, a.share::text, a.cap_cents::text, a.nano_usd::text;
  end loop;
end
$$;

-- After a cap of this scope and kind of period was changed or deleted, or a group's shared budget with it: shares that
-- what was spent in the period of `key` no longer reaches may be reached again. In the transaction of the change. Answers
-- how many those are.
--
-- A settlement that is under way still sees the old cap, so it is waited for: one of the same developer by the row of the
-- counter, and where a cap is many people's by the lock that every settlement shares. Not for long: no change waits for a
-- settlement that hangs, nor other settlements for the change.
create function rearm_spend_alerts(scope_type text, scope_id text, kind text, key text, mode text)
returns integer language plpgsql as $$
#variable_conflict use_column
declare
  patience text := current_setting('lock_timeout');
  rearmed integer;
begin
  begin
    perform set_config('lock_timeout', '200ms', true);
    if rearm_spend_alerts.scope_type = 'user' then
      perform from spend s
        where s.principal = rearm_spend_alerts.scope_id and s.period = rearm_spend_alerts.key for update;
    else
      perform pg_advisory_xact_lock(4718502118);
    end if;
    perform set_config('lock_timeout', patience, true);
  exception when lock_not_available then
    null; -- the setting is as before again
  end;

  with standing as (
    select a.id, a.scope, a.share, substr(a.scope, 6) as name, coalesce(e.groups, '[]') as groups
      from spend_alerts a
      left join principal_emails e on a.scope = 'user:' || e.principal
     where a.period = rearm_spend_alerts.key and a.rearmed_at is null
  ), counted as (
    select t.id, t.share, s.nano_usd, cap.amount as cap_cents
      from standing t
      join spend s on s.principal = t.name and s.period = rearm_spend_alerts.key
      left join lateral effective_cap(t.name, t.groups, rearm_spend_alerts.kind, rearm_spend_alerts.mode) as cap on true
     where t.scope like 'user:%'
       and case rearm_spend_alerts.scope_type
             when 'user' then t.name = rearm_spend_alerts.scope_id
             when 'rbac_group' then t.groups ? rearm_spend_alerts.scope_id
             else true
           end
    union all
    select t.id, t.share, coalesce(p.nano_usd, 0), l.pool_amount
      from standing t
      left join spend_limits l on l.scope_type = 'rbac_group' and l.scope_id = t.name and l.period = 'monthly'
      left join pooled_spend p on p.rbac_group_id = t.name and p.period = rearm_spend_alerts.key
     where rearm_spend_alerts.scope_type = 'rbac_group' and t.scope = 'pool:' || rearm_spend_alerts.scope_id
  )
  update spend_alerts a set rearmed_at = now()
    from counted c
   where a.id = c.id
     and (c.cap_cents is null or c.nano_usd < c.cap_cents * 10000000::numeric * c.share);
  get diagnostics rearmed = row_count;
  return rearmed;
end
$$;

-- Settles as settle_spend does, and raises what the developers of `entries` have reached. Answers what was raised, and of a
-- settlement that is repeated, as its answer was lost, what it raised then: the first entry stays the first.
--
-- A fault of the raising undoes nothing else, and is answered: whoever is at a share has its alert raised by the next
-- settlement.
create function settle_and_alert(entries jsonb, released uuid[], shares numeric[], mode text, notify boolean)
returns table (fresh integer, alerts jsonb, fault text) language plpgsql as $$
declare
  entry uuid := (entries -> 0 ->> 'entry_id')::uuid;
begin
  fresh := settle_spend(entries, released);
  alerts := '[]';
  begin
    if fresh < jsonb_array_length(entries) then
      alerts := (
        select coalesce(jsonb_agg(to_jsonb(earlier)), '[]')
          from (select a.id, a.scope, a.period, a.share::text, a.cap_cents::text, a.nano_usd::text
                  from spend_alerts a where a.entry_id = entry) as earlier);
    end if;
    if fresh > 0 then
      alerts := alerts || (
        select coalesce(jsonb_agg(to_jsonb(raised)), '[]')
          from raise_spend_alerts(
                 (select jsonb_agg(jsonb_build_object('principal', e.principal, 'groups', e.groups, 'daily', e.day,
                                                      'weekly', e.week, 'monthly', e.month))
                    from jsonb_to_recordset(entries)
                      as e (principal text, groups jsonb, day text, week text, month text)),
                 shares, mode, notify, entry) as raised);
    end if;
  exception when others then
    fault := sqlerrm;
  end;
  return next;
end
$$;
