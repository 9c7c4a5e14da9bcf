-- The cap that applies to a developer in one kind of period.
create function effective_cap(principal text, groups jsonb, period text, mode text)
returns table (limit_id text, source text, amount bigint) language sql stable as $$
  select tier.id, tier.source, tier.amount
    from (
      (select 1 as rank, l.id, 'user' as source, l.amount
         from spend_limits l where l.scope_type = 'user' and l.scope_id = $1 and l.period = $3)
      union all
      (select 2, l.id, 'rbac_group:' || l.scope_id, l.amount
         from spend_limits l
        where l.scope_type = 'rbac_group' and l.period = $3
          and l.scope_id in (select g from jsonb_array_elements_text($2) as g)
        order by case when $4 = 'max' then -coalesce(l.amount, 9223372036854775807)
                      else coalesce(l.amount, 9223372036854775807) end, l.scope_id
        limit 1)
      union all
      (select 3, l.id, 'organization', l.amount
         from spend_limits l where l.scope_type = 'organization' and l.scope_id = '' and l.period = $3)
    ) as tier
   order by tier.rank
   limit 1
$$;
