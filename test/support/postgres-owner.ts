// A process of its own that starts a Postgres and then does nothing: to be killed.
import pg from 'pg'
import { startPostgres } from '../../app/development/postgres.ts'

const [folder = '', kind] = process.argv.slice(2)
const server = await startPostgres({ folder, persistent: kind === 'persistent' })
const client = new pg.Client(server.url)
await client.connect()
await client.query('create table if not exists kept (n integer)')
await client.query('insert into kept values (1)')
await client.end()
console.log('ready')
setInterval(() => {}, 1_000_000)
