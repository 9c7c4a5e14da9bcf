// Who spent what: the people of a report, a page at a time, and what the report says of each.
import type pg from 'pg'

/** Whose rows are asked for. Amounts are nano-dollars as decimal text. */
export interface Spenders {
  /** How many at most. */
  readonly count: number
  /** Exactly these, known or not; null: everybody with recorded spend. */
  readonly ids: readonly string[] | null
  /** A part of subject, address or name, in whatever case; empty for all. */
  readonly q: string
  /** The key of the period by whose spend they are ordered, most first; null: by subject. */
  readonly spentIn: string | null
  /** The last one of the page before; null for the first page. */
  readonly after: Spender | null
}

export interface Spender {
  readonly principal: string
  /** In `spentIn`; 0 when they are ordered by subject. */
  readonly spent: string
}

/**
 * One page. The subjects are found by walking the index of `spend` from one to the next, as each has hundreds of rows
 * there; a page by subject walks no further than it must, unless `q` has it look at everybody.
 */
export async function pageOfSpenders(client: pg.PoolClient, asked: Spenders): Promise<Spender[]> {
  const { count, ids, q, spentIn, after } = asked
  const isShortWalk = spentIn === null && q === ''
  const { rows } = await client.query<Spender>({
    name: 'spenders_page',
    text: `
      with recursive walk (principal, steps) as (
        select (select min(principal) from spend where principal > $1), 1 where $2::text[] is null
        union all
        select (select min(principal) from spend where principal > walk.principal), steps + 1
          from walk
         where walk.principal is not null and steps < $3
      ), named as (
        select principal from walk where principal is not null
        union
        select unnest($2::text[])
      ), counted as (
        select named.principal, coalesce(s.nano_usd, 0) as spent
          from named left join spend s on s.principal = named.principal and s.period = $4
      )
      select c.principal, c.spent::text as spent
        from counted c left join principal_emails e using (principal)
       where ($5 = '' or position(lower($5) in lower(c.principal)) > 0
              or position(lower($5) in lower(e.email)) > 0 or position(lower($5) in lower(e.name)) > 0)
         and ($6::bigint is null or c.spent < $6 or (c.spent = $6 and c.principal > $7))
       order by c.spent desc, c.principal
       limit $8`,
    values: [
      ...[spentIn === null && after !== null ? after.principal : '', ids],
      ...[isShortWalk ? count : EVERYBODY, spentIn ?? '', q],
      ...[after?.spent ?? null, after?.principal ?? null, count],
    ],
  })
  return rows
}

/** More steps than there are people in any company. */
const EVERYBODY = 2_000_000_000

export interface SeenAs {
  readonly email: string | null
  readonly name: string | null
  readonly groups: readonly string[]
}

/** What `principals` were last seen as; those who were not, or were forgotten, are absent. */
export async function seenAs(
  client: pg.PoolClient,
  principals: readonly string[],
): Promise<ReadonlyMap<string, SeenAs>> {
  const { rows } = await client.query<SeenAs & { principal: string }>({
    name: 'spenders_seen',
    text: `select principal, email, name, groups from principal_emails where principal = any ($1::text[])`,
    values: [principals],
  })
  return new Map(rows.map(({ principal, ...seen }) => [principal, seen]))
}

/** What `principals` spent in the periods with these keys, nano-dollars by subject and key; nothing spent is absent. */
export async function spentBy(
  client: pg.PoolClient,
  { principals, periods }: { principals: readonly string[]; periods: readonly string[] },
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const { rows } = await client.query<{ principal: string; spent: Readonly<Record<string, string>> }>({
    name: 'spenders_spent',
    text: `
      select principal, jsonb_object_agg(period, nano_usd::text) as spent
        from spend
       where principal = any ($1::text[]) and period = any ($2::text[])
       group by principal`,
    values: [principals, periods],
  })
  return new Map(rows.map(({ principal, spent }) => [principal, new Map(Object.entries(spent))]))
}
