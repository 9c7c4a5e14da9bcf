-- Reservations: what running requests may cost is held beside what is spent, so that requests that run at the same time
-- never pass one check together. Everything here, and settling, locks in one order: rows of spend_holds, rows of spend by
-- their key, rows of pooled_spend by theirs.

-- Whether a bound of `cents` leaves room for `estimate`: beside what is spent and held, or alone (M-39). Null is no bound.
create function has_room(nano_usd bigint, held_nano_usd bigint, estimate bigint, cents bigint) returns boolean
language sql immutable as $$
  select coalesce(
    nano_usd < cents::numeric * 10000000
      and (held_nano_usd = 0 or nano_usd::numeric + held_nano_usd + estimate <= cents::numeric * 10000000),
    true)
$$;

-- Admits one request or not (M-37): `estimate` is held on the caller's three counters and on every pool of `groups`, or on none.
-- `keys` and `starts` are those of the day, the week and the month. Answers what was there before:
--   taken     whether the hold was taken
--   lacking   {"source", "period", "amount"} of the first bound that is not spent and lacks room; null when there is none
--   caps      the rows of spend_limits that can apply: [{"id", "scope_type", "scope_id", "period", "amount"}]
--   counters  [{"period", "nano_usd"}], the shortest period first
--   pools     [{"rbac_group_id", "amount", "nano_usd"}], by name
-- Amounts are text, as no number of JSON holds them all.
create function reserve_spend(
  entry_id uuid, principal text, groups jsonb, mode text, keys text[], starts date[], estimate bigint, ttl interval,
  out taken boolean, out lacking jsonb, out caps jsonb, out counters jsonb, out pools jsonb)
language plpgsql as $$
#variable_conflict use_column
declare
  me constant text := principal;
  mine constant jsonb := groups;
  how constant text := mode;
  cost constant bigint := estimate;
  month constant text := keys[3];
begin
  -- A hold that a crash of the database takes back is one that expired early; waiting for the disk would make requests of one
  -- developer wait for each other. Whoever waits longer for somebody else's lock is not waited for any more.
  perform set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '2s', true);

  -- Makes the rows and locks them, new or not, in their order: `where false` locks and writes nothing.
  insert into spend (principal, period, period_start)
  select me, key, start from unnest(keys, starts) as k (key, start) order by key
  on conflict (principal, period) do update set updated_at = now() where false;

  insert into pooled_spend (rbac_group_id, period, period_start)
  select scope_id, month, starts[3] from spend_limits
   where pool_amount is not null and mine ? scope_id order by scope_id
  on conflict (rbac_group_id, period) do update set updated_at = now() where false;

  select jsonb_agg(jsonb_build_object(
           'id', id, 'scope_type', scope_type, 'scope_id', scope_id, 'period', period, 'amount', amount::text)
           order by scope_type, scope_id, period)
    into caps
    from spend_limits
   where scope_type = 'organization'
      or scope_type = 'user' and scope_id = me
      or scope_type = 'rbac_group' and mine ? scope_id;

  select jsonb_agg(jsonb_build_object('period', name, 'nano_usd', nano_usd::text) order by place)
    into counters
    from unnest(keys, array['daily', 'weekly', 'monthly']) with ordinality as k (key, name, place)
    join spend on spend.principal = me and spend.period = key;

  select jsonb_agg(jsonb_build_object(
           'rbac_group_id', scope_id, 'amount', pool_amount::text, 'nano_usd', nano_usd::text) order by scope_id)
    into pools
    from spend_limits join pooled_spend on rbac_group_id = scope_id and pooled_spend.period = month
   where pool_amount is not null and mine ? scope_id;

  with bound as (
    select false as is_pool, place, source, name as period, amount, nano_usd, held_nano_usd
      from unnest(keys, array['daily', 'weekly', 'monthly']) with ordinality as k (key, name, place)
      join spend on spend.principal = me and spend.period = key
     cross join lateral effective_cap(me, mine, name, how)
    union all
    select true, 0, 'rbac_group:' || scope_id, 'monthly', pool_amount, nano_usd, held_nano_usd
      from spend_limits join pooled_spend on rbac_group_id = scope_id and pooled_spend.period = month
     where pool_amount is not null and mine ? scope_id),
  judged as (
    select bound.*, has_room(nano_usd, held_nano_usd, cost, amount) as fits,
           nano_usd >= amount::numeric * 10000000 as is_spent
      from bound)
  select coalesce(bool_and(fits) filter (where not is_pool), true)
         and coalesce(case how when 'max' then bool_or(fits) filter (where is_pool)
                               else bool_and(fits) filter (where is_pool) end, true),
         (array_agg(jsonb_build_object('source', source, 'period', period, 'amount', amount::text)
                    order by is_pool, place, source) filter (where not fits and not is_spent))[1]
    into taken, lacking
    from judged;

  caps := coalesce(caps, '[]');
  pools := coalesce(pools, '[]');
  if not taken then return; end if;
  lacking := null;

  update spend set held_nano_usd = held_nano_usd + cost
   where spend.principal = me and spend.period = any (keys);
  update pooled_spend set held_nano_usd = held_nano_usd + cost
    from jsonb_array_elements(pools) as p
   where rbac_group_id = p ->> 'rbac_group_id' and period = month;
  insert into spend_holds (entry_id, principal, periods, pools, nano_usd, expires_at)
  values (reserve_spend.entry_id, me, keys,
          array(select p ->> 'rbac_group_id' from jsonb_array_elements(pools) as p), cost, now() + ttl);
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
