-- Settling: everything that one metered request changes, or nothing of it.

-- Settles `entries`, a list of objects with the members of spend_entry below, and gives back the holds of `released`,
-- requests that used nothing. An entry that is there already changes nothing, however often it is settled. Answers how
-- many entries were new.
--
-- Every table is written once, its rows aggregated by key and in the order of their keys, and the tables always in the
-- same order, so that replicas wait for each other rather than deadlock.
create type spend_entry as (
  entry_id uuid,
  admitted_at timestamptz,
  principal text,
  groups jsonb,                            -- names, as the bearer had them
  day text,
  week text,
  month text,                              -- keys of the periods of the admission
  week_start date,
  month_start date,
  model text,
  upstream text,
  billing_group text,
  input_tokens bigint,
  output_tokens bigint,
  cache_read_tokens bigint,
  cache_write_5m_tokens bigint,
  cache_write_1h_tokens bigint,
  web_search_requests bigint,
  nano_usd bigint,
  list_nano_usd bigint,
  estimated boolean,
  aborted boolean
);

create function settle_spend(entries jsonb, released uuid[]) returns integer language plpgsql as $$
declare
  fresh spend_entry[];
  holds spend_holds[];
begin
  -- Whoever creates a pool in the middle of a month takes the exclusive one (M-46).
  perform pg_advisory_xact_lock_shared(4718502118);

  with given as (
    select distinct on (e.entry_id) e as entry
      from jsonb_populate_recordset(null::spend_entry, entries) e
     order by e.entry_id
  ), inserted as (
    insert into spend_entries (
      entry_id, admitted_at, principal, day, model, upstream, billing_group, input_tokens, output_tokens,
      cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, web_search_requests, nano_usd, list_nano_usd,
      estimated, aborted)
    select (entry).entry_id, (entry).admitted_at, (entry).principal, (entry).day::date, (entry).model,
           (entry).upstream, (entry).billing_group, (entry).input_tokens, (entry).output_tokens,
           (entry).cache_read_tokens, (entry).cache_write_5m_tokens, (entry).cache_write_1h_tokens,
           (entry).web_search_requests, (entry).nano_usd, (entry).list_nano_usd, (entry).estimated, (entry).aborted
      from given
     order by (entry).entry_id
    on conflict (entry_id) do nothing
    returning entry_id
  )
  select coalesce(array_agg(given.entry), '{}') into fresh
    from given join inserted on inserted.entry_id = (given.entry).entry_id;

  with owed as (
    select h.entry_id
      from spend_holds h
     where h.entry_id = any (released) or h.entry_id in (select f.entry_id from unnest(fresh) f)
     order by h.entry_id
       for update
  ), gone as (
    delete from spend_holds h using owed where h.entry_id = owed.entry_id returning h
  )
  select coalesce(array_agg(gone.h), '{}') into holds from gone;

  -- What a row to insert says is held is what is given back: a hold is only ever on a row that is there.
  insert into spend (principal, period, period_start, nano_usd, held_nano_usd)
  select change.principal, change.period, min(change.period_start), sum(change.spent), sum(change.held)
    from (
      select f.principal, span.period, span.period_start, f.nano_usd as spent, 0 as held
        from unnest(fresh) f
       cross join lateral (values (f.day, f.day::date), (f.week, f.week_start), (f.month, f.month_start))
             as span (period, period_start)
      union all
      select s.principal, s.period, s.period_start, 0, h.nano_usd
        from unnest(holds) h
        join spend s on s.principal = h.principal and s.period = any (h.periods)
    ) change
   group by change.principal, change.period
   order by change.principal, change.period
  on conflict (principal, period) do update
    set nano_usd = spend.nano_usd + excluded.nano_usd,
        held_nano_usd = greatest(0, spend.held_nano_usd - excluded.held_nano_usd),
        updated_at = now();

  insert into pooled_spend (rbac_group_id, period, period_start, nano_usd, held_nano_usd)
  select change.rbac_group_id, change.period, min(change.period_start), sum(change.spent), sum(change.held)
    from (
      select pool.scope_id as rbac_group_id, f.month as period, f.month_start as period_start,
             f.nano_usd as spent, 0 as held
        from unnest(fresh) f
        join spend_limits pool on pool.scope_type = 'rbac_group' and pool.period = 'monthly'
             and pool.pool_amount is not null and f.groups ? pool.scope_id
      union all
      select p.rbac_group_id, p.period, p.period_start, 0, h.nano_usd
        from unnest(holds) h
        join pooled_spend p on p.rbac_group_id = any (h.pools) and p.period = any (h.periods)
    ) change
   group by change.rbac_group_id, change.period
   order by change.rbac_group_id, change.period
  on conflict (rbac_group_id, period) do update
    set nano_usd = pooled_spend.nano_usd + excluded.nano_usd,
        held_nano_usd = greatest(0, pooled_spend.held_nano_usd - excluded.held_nano_usd),
        updated_at = now();

  insert into usage_daily (
    day, principal, model, upstream, billing_group, requests, aborted_requests, estimated_requests, input_tokens,
    output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, web_search_requests, nano_usd,
    list_nano_usd)
  select f.day::date, f.principal, f.model, f.upstream, f.billing_group, count(*), count(*) filter (where f.aborted),
         count(*) filter (where f.estimated), sum(f.input_tokens), sum(f.output_tokens), sum(f.cache_read_tokens),
         sum(f.cache_write_5m_tokens), sum(f.cache_write_1h_tokens), sum(f.web_search_requests), sum(f.nano_usd),
         sum(f.list_nano_usd)
    from unnest(fresh) f
   group by f.day, f.principal, f.model, f.upstream, f.billing_group
   order by f.day, f.principal, f.model, f.upstream, f.billing_group
  on conflict (day, principal, model, upstream, billing_group) do update
    set requests = usage_daily.requests + excluded.requests,
        aborted_requests = usage_daily.aborted_requests + excluded.aborted_requests,
        estimated_requests = usage_daily.estimated_requests + excluded.estimated_requests,
        input_tokens = usage_daily.input_tokens + excluded.input_tokens,
        output_tokens = usage_daily.output_tokens + excluded.output_tokens,
        cache_read_tokens = usage_daily.cache_read_tokens + excluded.cache_read_tokens,
        cache_write_5m_tokens = usage_daily.cache_write_5m_tokens + excluded.cache_write_5m_tokens,
        cache_write_1h_tokens = usage_daily.cache_write_1h_tokens + excluded.cache_write_1h_tokens,
        web_search_requests = usage_daily.web_search_requests + excluded.web_search_requests,
        nano_usd = usage_daily.nano_usd + excluded.nano_usd,
        list_nano_usd = usage_daily.list_nano_usd + excluded.list_nano_usd;

  insert into principal_groups (day, principal, groups)
  select distinct on (f.day, f.principal) f.day::date, f.principal, f.groups
    from unnest(fresh) f
   order by f.day, f.principal, f.admitted_at desc
  on conflict (day, principal) do update set groups = excluded.groups
   where principal_groups.groups <> excluded.groups;

  return cardinality(fresh);
end
$$;
