// Who people were when they last signed in or refreshed: the one table that may hold names and addresses (M-64).
import type { Pool, PoolClient } from 'pg'
import { storableNames } from './storable.ts'

/** A person as the store remembers them. */
export interface Principal {
  /** The identity provider's subject. */
  readonly sub: string
  readonly email: string | null
  readonly name: string | null
  /** Empty also when the provider told nothing about groups. */
  readonly groups: readonly string[]
  readonly seenAt: Date
}

/** What the identity provider told about a person. */
export interface SeenPerson {
  readonly sub: string
  readonly email?: string
  readonly name?: string
  readonly groups?: readonly string[]
}

/** Writes what was told now over what was told before; the database's clock says when. */
export async function rememberPrincipal(pool: Pool, person: SeenPerson): Promise<void> {
  await pool.query({
    name: 'principals_remember',
    text: `
      insert into principal_emails (principal, email, name, groups)
      values ($1, $2, $3, $4)
      on conflict (principal) do update
        set email = excluded.email, name = excluded.name, groups = excluded.groups, updated_at = now()`,
    values: [
      ...[person.sub, person.email ?? null, person.name ?? null],
      JSON.stringify(storableNames(person.groups ?? [])),
    ],
  })
}

/** The person of this subject; null when none was seen, or not for so long that the row is gone. */
export async function findPrincipal(pool: Pool, sub: string): Promise<Principal | null> {
  const { rows } = await pool.query<PrincipalRow>({
    name: 'principals_find',
    text: `select principal, email, name, groups, updated_at from principal_emails where principal = $1`,
    values: [sub],
  })
  return rows[0] === undefined ? null : readRow(rows[0])
}

/** Subjects that were last seen with this address, in whatever case: at most `count`, in their order. */
export async function principalsWithEmail(
  client: PoolClient,
  email: string,
  count: number,
): Promise<string[]> {
  const { rows } = await client.query<{ principal: string }>({
    name: 'principals_with_email',
    text: `
      select principal from principal_emails where lower(email) = lower($1) order by principal limit $2`,
    values: [email, count],
  })
  return rows.map(({ principal }) => principal)
}

interface PrincipalRow {
  principal: string
  email: string | null
  name: string | null
  groups: string[]
  updated_at: Date
}

function readRow({ principal, email, name, groups, updated_at }: PrincipalRow): Principal {
  return { sub: principal, email, name, groups, seenAt: updated_at }
}
