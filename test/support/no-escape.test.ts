// Tests cannot leave the machine: proven for every door that Node.js offers.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import dgram from 'node:dgram'
import { resolve4 } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { Agent, request } from 'undici'

const ESCAPE = { code: 'ERR_TEST_ESCAPE' }
// RFC 5737: an address that belongs to nobody; RFC 6761: a name that no server knows.
const ADDRESS = '192.0.2.1'
const NAME = 'gateway.invalid'

test('a socket to another machine is refused by address and by name', async () => {
  await assert.rejects(once(connect(80, ADDRESS), 'connect'), ESCAPE)
  await assert.rejects(once(connect({ port: 80, host: NAME }), 'connect'), ESCAPE)
  await assert.rejects(once(connectTls({ port: 443, host: ADDRESS }), 'connect'), ESCAPE)
})

test('a look-up that answers with another machine is refused', async () => {
  const socket = connect({
    port: 80,
    host: NAME,
    lookup: (_host, _options, done) => done(null, [{ address: ADDRESS, family: 4 }]),
  })

  await assert.rejects(once(socket, 'connect'), ESCAPE)
})

test('fetch and undici reach no other machine', async () => {
  await assert.rejects(fetch(`http://${ADDRESS}/`), (error: Error) => isEscape(error.cause))
  await assert.rejects(request(`http://${NAME}/`, { dispatcher: new Agent() }), ESCAPE)
})

test('no name server is asked, and no datagram leaves', async () => {
  const socket = dgram.createSocket('udp4')

  await assert.rejects(lookup(NAME), ESCAPE)
  assert.throws(() => resolve4(NAME, () => {}), ESCAPE)
  assert.throws(() => socket.send('hello', 53, ADDRESS), ESCAPE)
  socket.close()
})

test('child processes and workers are held back, too', async () => {
  const program = `fetch('http://${ADDRESS}/').catch(error => console.log(error.cause.code))`

  const child = await promisify(execFile)(process.execPath, ['-e', program])
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), { stdout: true })
  const [line] = await once(worker.stdout.setEncoding('utf8'), 'data')

  assert.equal(child.stdout, 'ERR_TEST_ESCAPE\n')
  assert.equal(line, 'ERR_TEST_ESCAPE\n')
})

test('this machine stays within reach, by address and by name', async () => {
  const server = createServer(socket => socket.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0

  await once(connect(port, '127.0.0.1'), 'connect')
  await once(connect({ port, host: 'localhost' }), 'connect')

  server.close()
})

function isEscape(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === ESCAPE.code
}
