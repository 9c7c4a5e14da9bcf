-- Reservations: what running requests may cost is held beside what is spent, so that requests that run at the same time
-- never pass one check together. Everything here, and settling, locks in one order: rows of spend_holds, rows of spend by
-- their key, rows of pooled_spend by theirs.

-- Whether a bound of `cents` leaves room for `estimate`: beside what is spent and held, or alone (M-39).
create function has_room(nano_usd bigint, held_nano_usd bigint, estimate bigint, cents numeric) returns boolean
language sql immutable as $$
  select nano_usd < cents * 10000000
     and (held_nano_usd = 0 or nano_usd::numeric + held_nano_usd + estimate <= cents * 10000000)
$$;

-- A request that wants to be admitted, and what it may cost; keys and starts are those of the periods of its admission.
create type spend_request as (
  entry_id uuid,
  principal text,
  groups jsonb,                            -- names, as the bearer has them
  day text,
  week text,
  month text,
  week_start date,
  month_start date,
  nano_usd bigint
);

-- The rows of spend_limits that can apply to somebody, pools among them.
create function limits_of(principal text, groups jsonb) returns setof spend_limits
language sql stable as $$
  select l.*
    from (select 'user' as scope_type, limits_of.principal as scope_id
          union select 'rbac_group', jsonb_array_elements_text(limits_of.groups)
          union select 'organization', '') as mine
    join spend_limits l using (scope_type, scope_id)
$$;

-- Admits each of `requests`, a list of objects with the members of spend_request, or not (M-37): what one may cost is held on
-- the three counters of its developer and on every pool of its groups, or on none. Each sees the holds of those before it.
--   lacking   null when the hold was taken; else [source, period, amount] of the first bound without room, of one that is
--             not spent if there is one
--   standing  what there was before all of them, in rows as the gate reads them:
--             [scope_type, scope_id, period, id, amount, pool_amount, spent of the pool] of limits, and
--             ['spent', '', key, '', nano_usd, null, null] of counters
-- Amounts are text, as not every number of JSON holds them.
create function reserve_spend(requests jsonb, mode text, ttl interval)
returns table (entry_id uuid, lacking jsonb, standing jsonb)
language plpgsql as $$
#variable_conflict use_column
declare
  how constant text := mode;
  asked record;
  bound record;
  own_room boolean;
  pool_room boolean;
  fits boolean;
  is_lacking_spent boolean;
  added jsonb := '{}';                     -- what this call has held so far, by counter
begin
  -- A hold that a crash of the database takes back is one that expired early; waiting for the disk would make requests of
  -- one developer wait for each other. Whoever waits longer for somebody else's lock is not waited for any more.
  perform set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '2s', true);

  -- Makes the rows and locks them, new or not, in their order: `where false` locks and writes nothing.
  insert into spend (principal, period, period_start)
  select r.principal, span.period, min(span.period_start)
    from jsonb_populate_recordset(null::spend_request, requests) r
   cross join lateral (values (r.day, r.day::date), (r.week, r.week_start), (r.month, r.month_start))
         as span (period, period_start)
   group by r.principal, span.period
   order by r.principal, span.period
  on conflict (principal, period) do update set updated_at = now() where false;

  insert into pooled_spend (rbac_group_id, period, period_start)
  select l.scope_id, r.month, min(r.month_start)
    from jsonb_populate_recordset(null::spend_request, requests) r
   cross join lateral limits_of(r.principal, r.groups) l
   where l.pool_amount is not null
   group by l.scope_id, r.month
   order by l.scope_id, r.month
  on conflict (rbac_group_id, period) do update set updated_at = now() where false;

  for asked in
    with request as (
      select row_number() over () as place, r.* from jsonb_populate_recordset(null::spend_request, requests) r),
    -- A fleet of one developer is looked up once.
    caller as (
      select distinct principal, groups, day, week, month from request),
    known as (
      select caller.*, counter.names || pool.counters as counters, pool.groups as pools,
             counter.rows || coalesce(own.rows, '[]') as standing,
             coalesce(cap.bounds, '[]') || coalesce(pool.bounds, '[]') as bounds
        from caller
       cross join lateral (
         select array_agg(jsonb_build_array('spend', s.principal, s.period)::text) as names,
                jsonb_agg(jsonb_build_array('spent', '', s.period, '', s.nano_usd::text, null, null)) as rows
           from spend s
          where s.principal = caller.principal and s.period in (caller.day, caller.week, caller.month)) as counter
       cross join lateral (
         select jsonb_agg(jsonb_build_array(l.scope_type, l.scope_id, l.period, l.id, l.amount::text,
                                            l.pool_amount::text, p.nano_usd::text)) as rows
           from limits_of(caller.principal, caller.groups) l
           left join pooled_spend p
             on l.pool_amount is not null and p.rbac_group_id = l.scope_id and p.period = caller.month) as own
       cross join lateral (
         select jsonb_agg(jsonb_build_object(
                  'is_pool', false, 'source', c.source, 'period', span.name, 'amount', c.amount,
                  'nano_usd', s.nano_usd, 'held_nano_usd', s.held_nano_usd,
                  'counter', jsonb_build_array('spend', s.principal, s.period)::text) order by span.place) as bounds
           from (values (1, 'daily', caller.day), (2, 'weekly', caller.week), (3, 'monthly', caller.month))
                as span (place, name, key)
          cross join lateral effective_cap(caller.principal, caller.groups, span.name, how) as c
           join spend s on s.principal = caller.principal and s.period = span.key
          where c.amount is not null) as cap
       cross join lateral (
         select coalesce(array_agg(p.rbac_group_id), '{}') as groups,
                coalesce(array_agg(jsonb_build_array('pool', p.rbac_group_id, p.period)::text), '{}') as counters,
                jsonb_agg(jsonb_build_object(
                  'is_pool', true, 'source', 'rbac_group:' || p.rbac_group_id, 'period', 'monthly',
                  'amount', l.pool_amount, 'nano_usd', p.nano_usd, 'held_nano_usd', p.held_nano_usd,
                  'counter', jsonb_build_array('pool', p.rbac_group_id, p.period)::text) order by p.rbac_group_id) as bounds
           from limits_of(caller.principal, caller.groups) l
           join pooled_spend p on p.rbac_group_id = l.scope_id and p.period = caller.month
          where l.pool_amount is not null) as pool)
    select request.*, known.standing, known.counters, known.bounds, known.pools
      from request join known using (principal, groups, day, week, month)
     order by request.place
  loop
    own_room := true;
    pool_room := null;
    lacking := null;
    is_lacking_spent := true;
    for bound in
      select * from jsonb_to_recordset(asked.bounds) as b (
        is_pool boolean, source text, period text, amount numeric, nano_usd bigint, held_nano_usd bigint, counter text)
    loop
      fits := has_room(bound.nano_usd, bound.held_nano_usd + coalesce((added ->> bound.counter)::bigint, 0),
                       asked.nano_usd, bound.amount);
      if not bound.is_pool then
        own_room := own_room and fits;
      elsif how = 'max' then
        pool_room := coalesce(pool_room, false) or fits;
      else
        pool_room := coalesce(pool_room, true) and fits;
      end if;
      if not fits and (lacking is null or is_lacking_spent) then
        lacking := jsonb_build_array(bound.source, bound.period, bound.amount::text);
        is_lacking_spent := bound.nano_usd >= bound.amount * 10000000;
      end if;
    end loop;
    entry_id := asked.entry_id;
    standing := asked.standing;
    if own_room and coalesce(pool_room, true) then
      lacking := null;
      added := added || (
        select jsonb_object_agg(name, coalesce((added ->> name)::bigint, 0) + asked.nano_usd)
          from unnest(asked.counters) as name);
      insert into spend_holds (entry_id, principal, periods, pools, nano_usd, expires_at)
      values (asked.entry_id, asked.principal, array[asked.day, asked.week, asked.month], asked.pools,
              asked.nano_usd, now() + ttl);
    end if;
    return next;
  end loop;

  update spend s set held_nano_usd = s.held_nano_usd + a.held::bigint
    from jsonb_each_text(added) as a (counter, held)
   where a.counter::jsonb ->> 0 = 'spend'
     and s.principal = a.counter::jsonb ->> 1 and s.period = a.counter::jsonb ->> 2;
  update pooled_spend s set held_nano_usd = s.held_nano_usd + a.held::bigint
    from jsonb_each_text(added) as a (counter, held)
   where a.counter::jsonb ->> 0 = 'pool'
     and s.rbac_group_id = a.counter::jsonb ->> 1 and s.period = a.counter::jsonb ->> 2;
end
$$;

-- Gives back at most `most` holds that nobody renewed in time, the oldest first; answers how many there were. One that is
-- being settled or renewed at this moment is passed over; whoever comes second finds nothing to give back.
create function sweep_holds(most integer) returns integer
language plpgsql as $$
declare
  expired uuid[];
begin
  select array_agg(entry_id) into expired
    from (select entry_id from spend_holds where expires_at <= now()
           order by expires_at limit most for update skip locked) as found;

  perform from spend
    where (principal, period) in (
      select h.principal, unnest(h.periods) from spend_holds h where h.entry_id = any (expired))
    order by principal, period for no key update;
  perform from pooled_spend
    where (rbac_group_id, period) in (
      select unnest(h.pools), h.periods[3] from spend_holds h where h.entry_id = any (expired))
    order by rbac_group_id, period for no key update;

  with gone as (
    delete from spend_holds where entry_id = any (expired) returning *),
  own as (
    select principal, key, sum(nano_usd) as nano_usd from gone, unnest(periods) as key group by principal, key),
  pooled as (
    select name, periods[3] as key, sum(nano_usd) as nano_usd from gone, unnest(pools) as name group by name, periods[3]),
  own_freed as (
    update spend s set held_nano_usd = greatest(s.held_nano_usd - own.nano_usd, 0)
      from own where s.principal = own.principal and s.period = own.key)
  update pooled_spend s set held_nano_usd = greatest(s.held_nano_usd - pooled.nano_usd, 0)
    from pooled where s.rbac_group_id = pooled.name and s.period = pooled.key;

  return coalesce(cardinality(expired), 0);
end
$$;
