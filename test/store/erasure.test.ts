import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDatabase } from '../support/postgres.ts'

test('a person is found in every table by an index, so that no erasure has settling wait for a look at all rows', async () => {
  await using database = await createDatabase()

  const { rows } = await database.pool.query(`
    select c.table_name
      from information_schema.columns c
     where c.table_schema = 'public' and c.column_name = 'principal'
       and not exists (
             select from pg_index i
               join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
              where i.indrelid = c.table_name::regclass and a.attname = 'principal')
     order by 1`)

  assert.deepEqual(rows, [])
})
