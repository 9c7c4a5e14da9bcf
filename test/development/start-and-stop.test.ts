import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startOf } from '../../app/development/process-facts.ts'
import { developmentFolder, spawnDevelopment, startDevelopment } from '../support/development-process.ts'
import { startHttp } from '../support/http-server.ts'

async function isRunning(pid: number): Promise<boolean> {
  return (await startOf(pid)) !== null
}

test('what to do next is the last thing printed, and nothing warns before it', async t => {
  const gateway = await startDevelopment(t, await developmentFolder(t))

  const { stderr, stdout } = gateway.printed()

  assert.equal(stdout, '')
  assert.doesNotMatch(stderr, / warn | error /)
  const [log = '', ...rest] = stderr.split('\nPeople who can sign in:\n')
  assert.match(log, / info ready\n$/)
  assert.equal(rest.length, 1)
  assert.ok(rest[0]?.trimEnd().endsWith(`Ctrl-C stops everything.\nGatehouse is ready: ${gateway.url}`))
})

test('Ctrl-C leaves no process and no lock behind, and the next start works', async t => {
  const folder = await developmentFolder(t)
  const first = await startDevelopment(t, folder)

  const end = await first.end('SIGINT')

  assert.deepEqual(end, [0, null])
  assert.equal(await isRunning(first.postgresPid), false)
  assert.deepEqual((await readdir(folder)).sort(), ['jwt-secret', 'postgres'])
  assert.deepEqual((await readdir(join(folder, 'postgres'))).sort(), ['data', 'password', 'postgres.log'])
  const second = await startDevelopment(t, folder)
  assert.equal((await fetch(`${second.url}/readyz`)).status, 200)
})

test('the next start works after a kill -9 as well', async t => {
  const folder = await developmentFolder(t)
  const first = await startDevelopment(t, folder)

  await first.end('SIGKILL')

  const second = await startDevelopment(t, folder)
  assert.equal((await fetch(`${second.url}/readyz`)).status, 200)
  assert.equal(await isRunning(first.postgresPid), false)
})

test('a second start beside the first one says who is in the way, and ends', async t => {
  const folder = await developmentFolder(t)
  const first = await startDevelopment(t, folder)

  const second = spawnDevelopment(folder)
  const end = await second.ended

  assert.deepEqual(end, [1, null])
  const message = `the database in ${join(folder, 'postgres')} is in use by process ${first.child.pid}; stop that one first`
  assert.equal(second.printed().stderr, `gatehouse: ${message}\n`)
})

test('a start takes over from one whose npm was killed', async t => {
  const folder = await developmentFolder(t)
  // Stands in for npm: starts the words it is given, says which process that is, and waits.
  const npm =
    'const c = require("node:child_process").spawn(process.argv[1], process.argv.slice(2), { stdio: "inherit" }); console.log(c.pid)'
  const first = await startDevelopment(t, folder, { parent: [process.execPath, '-e', npm] })
  const orphan = Number(first.printed().stdout)

  process.kill(first.child.pid ?? 0, 'SIGKILL')
  await once(first.child, 'exit')
  while (await isRunning(first.child.pid ?? 0)) await setImmediate()
  const second = await startDevelopment(t, folder)

  assert.equal((await fetch(`${second.url}/readyz`)).status, 200)
  assert.deepEqual([await isRunning(orphan), await isRunning(first.postgresPid)], [false, false])
})

test('a port that is taken is given up for another one, and that is said', async t => {
  await using other = await startHttp((_request, response) => void response.end('somebody else'))
  const taken = other.port

  const gateway = await startDevelopment(t, await developmentFolder(t), { port: taken })

  assert.notEqual(Number(new URL(gateway.url).port), taken)
  assert.match(
    gateway.printed().stderr,
    new RegExp(`\nPort ${taken} is taken by another program, so this is another one\\.\n`),
  )
})
