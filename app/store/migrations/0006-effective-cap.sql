-- Which row of spend_limits holds for a developer in a period: their own, else one of their groups', else everybody's.
-- `groups` is an array of names, `mode` says whether the smallest (min) or the largest (max) row of several groups wins;
-- of equal ones the group whose name sorts first. No row: no cap. An amount of null is unlimited, and no tier below it
-- is asked. The gateway resolves the same way in memory (app/spend/caps.ts); a test compares the two.
create function effective_cap(principal text, groups jsonb, period text, mode text)
returns table (limit_id text, source text, amount bigint)
language sql stable parallel safe rows 1
as $$
  select found.id, found.source, found.amount
    from (
      select 1 as tier, l.id, 'user' as source, l.amount, l.scope_id
        from spend_limits l
        where l.scope_type = 'user' and l.scope_id = effective_cap.principal and l.period = effective_cap.period
      union all
      select 2, l.id, 'rbac_group:' || l.scope_id, l.amount, l.scope_id
        from jsonb_array_elements_text(effective_cap.groups) as member (name)
        join spend_limits l on l.scope_type = 'rbac_group' and l.scope_id = member.name
        where l.period = effective_cap.period
      union all
      select 3, l.id, 'organization', l.amount, ''
        from spend_limits l
        where l.scope_type = 'organization' and l.scope_id = '' and l.period = effective_cap.period
    ) as found
    order by found.tier,
             case when effective_cap.mode = 'max' then found.amount end desc nulls first,
             case when effective_cap.mode = 'min' then found.amount end asc nulls last,
             found.scope_id collate "C"
    limit 1
$$;
