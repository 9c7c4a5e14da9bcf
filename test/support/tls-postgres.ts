// A Postgres that speaks TLS, with a certificate of a test's own authority.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type PostgresServer, startPostgres } from '../../app/development/postgres.ts'

/** Starts a server that shows the certificate; it serves TLS and plain text on its loopback port. */
export async function startTlsPostgres(certificate: { cert: string; key: string }): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  const server = await startPostgres({ folder, persistent: false, tcp: true, settings: { fsync: 'off' } })
  const client = new pg.Client(server.url)
  await client.connect()
  // The server writes the files itself, so they belong to whatever user it runs as.
  const data = (await client.query('show data_directory')).rows[0].data_directory
  await writeLines(client, join(data, 'server.crt'), certificate.cert)
  await writeLines(client, join(data, 'server.key'), certificate.key)
  await client.query('alter system set ssl = on')
  await client.query('select pg_reload_conf()')
  // The server reads its settings again in its own time.
  while ((await client.query('show ssl')).rows[0].ssl !== 'on');
  await client.end()
  return server
}

async function writeLines(client: pg.Client, path: string, text: string): Promise<void> {
  const lines = client.escapeLiteral(text.trimEnd())
  const program = client.escapeLiteral(`umask 077; cat > '${path}'`)
  await client.query(`copy (select unnest(string_to_array(${lines}, chr(10)))) to program ${program}`)
}
