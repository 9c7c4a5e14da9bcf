import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreSection } from '../../app/config/store.ts'
import { connectAtBoot } from '../../app/store/connect.ts'
import { createDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

function connect(section: Record<string, unknown>, log = recordLog()) {
  return connectAtBoot(StoreSection.parse(section), { log, clock: () => 0 })
}

test('role and password of the section win over those of the URL', async () => {
  await using database = await createDatabase()
  const { username, password } = new URL(database.tcpUrl)
  const url = new URL(database.tcpUrl)
  url.username = 'somebody'
  url.password = 'else'

  const store = await connect({ postgres_url: url.href, username, password })

  const { rows } = await store.pool.query('select current_user as role')
  assert.deepEqual(rows, [{ role: 'gatehouse' }])
  await store.close()
})

test('application_name and options of the URL reach the server', async () => {
  await using database = await createDatabase()
  const options = encodeURIComponent('-c work_mem=7MB')

  const store = await connect({
    postgres_url: `${database.url}?application_name=replica-7&options=${options}`,
  })

  const { rows } = await store.pool.query(
    `select current_setting('application_name') as name, current_setting('work_mem') as work_mem`,
  )
  assert.deepEqual(rows, [{ name: 'replica-7', work_mem: '7MB' }])
  await store.close()
})

test("the driver's environment variables have no effect", async () => {
  await using database = await createDatabase()
  const variables = {
    PGHOST: '192.0.2.1',
    PGPORT: '1',
    PGUSER: 'nobody',
    PGPASSWORD: 'nothing',
    PGDATABASE: 'nowhere',
    PGOPTIONS: '-c work_mem=9MB',
    PGAPPNAME: 'other',
    PGSSLMODE: 'require',
    PGSSLNEGOTIATION: 'direct',
    PGREPLICATION: 'database',
    PGCONNECT_TIMEOUT: '1',
  }
  Object.assign(process.env, variables)

  const connecting = connect({ postgres_url: database.url }).finally(() => {
    for (const name of Object.keys(variables)) delete process.env[name]
  })
  const store = await connecting

  const { rows } = await store.pool.query(
    `select current_user as role, current_database() as database, current_setting('work_mem') as work_mem,
            current_setting('application_name') as name`,
  )
  const name = new URL(database.url).pathname.slice(1)
  assert.deepEqual(rows, [{ role: 'gatehouse', database: name, work_mem: '4MB', name: 'gatehouse' }])
  await store.close()
})

test('idle connections that break are replaced, with one warning', async () => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  const log = recordLog()
  const store = await connect({ postgres_url: proxy.through(database.tcpUrl) }, log)
  const both = [store.pool.query('select 1'), store.pool.query('select 1')]
  await Promise.all(both)

  const broken = new Promise<void>(resolve => {
    let left = store.pool.totalCount
    store.pool.on('remove', () => {
      left -= 1
      if (left === 0) resolve()
    })
  })
  proxy.cut()
  await broken
  proxy.resume()

  const { rows } = await store.pool.query('select 1 as one')
  assert.deepEqual(rows, [{ one: 1 }])
  assert.equal(
    log.lines.filter(line => line.startsWith('warn an idle connection to Postgres broke')).length,
    1,
  )
  await store.close()
})

test('no more connections are opened than max_connections', async () => {
  await using database = await createDatabase()
  const store = await connect({ postgres_url: database.url, max_connections: 2 })

  await Promise.all(Array.from({ length: 20 }, () => store.pool.query('select 1')))

  assert.equal(store.pool.totalCount, 2)
  await store.close()
})
