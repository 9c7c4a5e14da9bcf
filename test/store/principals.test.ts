import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPrincipal, rememberPrincipal } from '../../app/store/principals.ts'
import { createDatabase } from '../support/postgres.ts'

test('a person is remembered as the identity provider last told', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const first = { sub: 's1', email: 'ada@example.com', name: 'Ada', groups: ['eng', 'a, "b"'] }

  await rememberPrincipal(pool, first)
  const before = await findPrincipal(pool, 's1')
  await rememberPrincipal(pool, { sub: 's1', email: 'ada@new.example' })
  const after = await findPrincipal(pool, 's1')

  assert.ok(before !== null && after !== null)
  assert.deepEqual(before, { ...first, seenAt: before.seenAt })
  assert.deepEqual(after, {
    ...{ sub: 's1', email: 'ada@new.example', name: null, groups: [] },
    seenAt: after.seenAt,
  })
  assert.ok(after.seenAt >= before.seenAt)
})

test('groups whose names no text can hold are left out, and half of a character is replaced', async () => {
  await using database = await createDatabase()
  const { pool } = database

  await rememberPrincipal(pool, { sub: 's1', groups: ['a\0b', 'eng', '\ud800'] })

  assert.deepEqual((await findPrincipal(pool, 's1'))?.groups, ['eng', '\ufffd'])
})

test('somebody who was never seen is nobody', async () => {
  await using database = await createDatabase()

  assert.equal(await findPrincipal(database.pool, 's1'), null)
})

test('the documented statement erases a person, who comes back with the next sign-in', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await rememberPrincipal(pool, { sub: 's1', email: 'ada@example.com' })

  await pool.query(`DELETE FROM principal_emails WHERE principal = 's1'`)
  const erased = await findPrincipal(pool, 's1')
  await rememberPrincipal(pool, { sub: 's1', email: 'ada@example.com' })

  assert.equal(erased, null)
  assert.equal((await findPrincipal(pool, 's1'))?.email, 'ada@example.com')
})

test('no other table has a column for an address or a name of a person', async () => {
  await using database = await createDatabase()

  const { rows } = await database.pool.query<{ place: string }>(`
    select table_name || '.' || column_name as place
      from information_schema.columns
     where table_schema = current_schema()
       and column_name ~ '(^|_)(e?mail|address|name|login|person|identity)($|_)'
     order by place`)

  // The name of a migration is a file's.
  assert.deepEqual(
    rows.map(({ place }) => place),
    ['principal_emails.email', 'principal_emails.name', 'schema_migrations.name'],
  )
})
