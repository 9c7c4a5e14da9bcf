import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from '../../app/development/postgres.ts'
import { startOf } from '../../app/development/process-facts.ts'
import { copyPlace } from '../../app/development/unprivileged.ts'

const isRoot = userInfo().uid === 0

async function newFolder(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'gatehouse-postgres-test-'))
  await chmod(home, 0o755)
  t.after(() => rm(home, { recursive: true, force: true }))
  return join(home, 'database')
}

/** Starts a server in a process of its own; resolves when it is up and holds one row. */
async function startOwner(t: TestContext, folder: string, kind: 'persistent' | 'temporary') {
  const program = join(import.meta.dirname, '../support/postgres-owner.ts')
  const owner = spawn(process.execPath, [program, folder, kind], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => owner.kill('SIGKILL'))
  await once(owner.stdout, 'data')
  return { owner, server: serverOf(folder) }
}

/** The number of the server's process, from its lock file. */
function serverOf(folder: string): number {
  return Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0])
}

async function isRunning(pid: number): Promise<boolean> {
  return (await startOf(pid)) !== null
}

async function rowsIn(url: string): Promise<number | null> {
  const client = new pg.Client(url)
  await client.connect()
  const { rowCount } = await client.query('select from kept')
  await client.end()
  return rowCount
}

test('what is stored is there at the next start, and a stop leaves no process and no lock', async t => {
  const folder = await newFolder(t)
  const first = await startPostgres({ folder, persistent: true })
  const client = new pg.Client(first.url)
  await client.connect()
  await client.query('create table kept as select 1')
  await client.end()
  const server = serverOf(folder)

  await first.stop()
  const left = await readdir(folder)
  await using second = await startPostgres({ folder, persistent: true })

  assert.deepEqual(left.sort(), ['data', 'password', 'postgres.log'])
  assert.equal(await isRunning(server), false)
  assert.equal(await rowsIn(second.url), 1)
})

test('a port of its own is opened when asked for, with a password', async t => {
  await using server = await startPostgres({ folder: await newFolder(t), persistent: false, tcp: true })
  const client = new pg.Client(server.tcpUrl ?? '')
  const stranger = new pg.Client((server.tcpUrl ?? '').replace(/:[^:@]+@/, ':guess@'))

  await client.connect()
  await client.end()

  await assert.rejects(stranger.connect(), { code: '28P01' })
})

test('a start after a kill -9 finds the data, whatever the killed one left running', async t => {
  const folder = await newFolder(t)
  const { owner, server } = await startOwner(t, folder, 'persistent')

  owner.kill('SIGKILL')
  await once(owner, 'exit')
  await using next = await startPostgres({ folder, persistent: true })

  assert.equal(await rowsIn(next.url), 1)
  assert.equal(await isRunning(server), false)
})

test('a temporary server is gone with its folder when its owner is killed', async t => {
  const folder = await newFolder(t)
  await chmod(dirname(folder), 0o777)
  const { owner, server } = await startOwner(t, folder, 'temporary')

  owner.kill('SIGKILL')

  while ((await isRunning(server)) || existsSync(folder)) await setImmediate()
  assert.deepEqual(await readdir(dirname(folder)), [])
})

test('a folder in use is refused with the number of the process that uses it', async t => {
  const folder = await newFolder(t)
  const { owner } = await startOwner(t, folder, 'persistent')

  await assert.rejects(startPostgres({ folder, persistent: true }), {
    message: `the database in ${folder} is in use by process ${owner.pid}; stop that one first`,
  })
})

test('a stranger that now has the number of a server long gone is left alone', async t => {
  const folder = await newFolder(t)
  const first = await startPostgres({ folder, persistent: true })
  await first.stop()
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
  t.after(() => stranger.kill())
  await writeFile(join(folder, 'data/postmaster.pid'), `${stranger.pid}\n${folder}/data\n0\n5432\n`)

  await using second = await startPostgres({ folder, persistent: true })

  assert.notEqual(serverOf(folder), stranger.pid)
  assert.equal(await isRunning(stranger.pid ?? 0), true)
  assert.match(second.url, /^postgres:/)
})

test('root can run it in a clone that only root may enter', { skip: !isRoot && 'needs root' }, async t => {
  const folder = await newFolder(t)
  await chmod(dirname(folder), 0o700)

  await using server = await startPostgres({ folder, persistent: true })

  const client = new pg.Client(server.url)
  await client.connect()
  await client.end()
})

test('where no capability helps, root runs a copy below the temporary folder', {
  skip: !isRoot && 'needs root',
}, async t => {
  const home = dirname(await newFolder(t))
  const programs = join(home, 'programs')
  await mkdir(join(programs, 'bin'), { recursive: true })
  for (const name of ['postgres', 'initdb']) {
    await writeFile(join(programs, 'bin', name), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  }
  await chmod(programs, 0o700)
  const nobody = { uid: 65_534, gid: 65_534 }

  const place = await copyPlace({ programs, folder: join(home, 'f'), prefix: [], user: nobody }, home)

  assert.equal(dirname(place.programs), dirname(place.folder))
  assert.equal(existsSync(join(place.programs, 'bin/postgres')), true)
})
