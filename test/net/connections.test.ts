import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, LookupFunction, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import { type Dispatcher, request } from 'undici'
import { type NetworkOptions, openNetwork } from '../../app/net/network.ts'
import { createAuthority } from '../support/authority.ts'
import { startHttp } from '../support/http-server.ts'

const lookup: LookupFunction = (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }])

/** A network that closes when the test is over, however it ends. */
function open(t: TestContext, options: NetworkOptions) {
  const network = openNetwork(options)
  t.after(() => network.close())
  return network
}

test('requests to one upstream never wait for each other', async t => {
  const waiting: ServerResponse[] = []
  await using upstream = await startHttp((_request, response) => {
    waiting.push(response)
    // Nobody is answered before everybody has arrived.
    if (waiting.length === 200) for (const each of waiting) each.end('ok')
  })
  const network = open(t, { allowLoopback: true })
  const dispatcher = network.dispatcher({ purpose: 'upstream', name: 'first' })

  const answers = await Promise.all(
    Array.from({ length: 200 }, () =>
      request(upstream.origin, { dispatcher }).then(({ body }) => body.text()),
    ),
  )

  assert.equal(answers.filter(text => text === 'ok').length, 200)
})

test('a kept socket serves the next request, and one that the upstream has closed is replaced', async t => {
  const sockets: Socket[] = []
  await using upstream = await startHttp((incoming, response) => {
    sockets.push(incoming.socket)
    response.end('ok')
  })
  const network = open(t, { allowLoopback: true })
  const dispatcher = network.dispatcher({ purpose: 'upstream' })
  const ask = async (): Promise<string> => {
    const { body } = await request(upstream.origin, { dispatcher, method: 'POST', body: 'question' })
    const text = await body.text()
    await setImmediate() // the socket is free again one turn after its last byte
    return text
  }

  const answers = [await ask(), await ask()]
  sockets[1]?.destroy()
  answers.push(await ask())

  assert.deepEqual(answers, ['ok', 'ok', 'ok'])
  assert.equal(sockets[0], sockets[1])
  assert.notEqual(sockets[1], sockets[2])
})

test('an upstream that takes connections and drops them is a failed request, not a loop', async t => {
  let connections = 0
  await using upstream = await startHttp(incoming => {
    connections += 1
    incoming.socket.destroy()
  })
  const network = open(t, { allowLoopback: true })
  const dispatcher = network.dispatcher({ purpose: 'upstream' })

  await assert.rejects(request(upstream.origin, { dispatcher }), { code: 'UND_ERR_SOCKET' })

  assert.equal(connections, 1)
})

async function overTls(dispatcher: Dispatcher, port: number, host: string) {
  try {
    const { statusCode, body } = await request(`https://${host}:${port}/`, { dispatcher })
    return [statusCode, await body.text()]
  } catch (error) {
    return [error instanceof Error && 'code' in error ? error.code : error, '']
  }
}

test('certificates are always verified, and an authority of the operator replaces the roots for its purpose', async t => {
  const authority = createAuthority('Test Authority')
  const server = createServer(authority.issue('idp.example.com'), (incoming, response) => {
    const { socket } = incoming
    const facts = socket instanceof TLSSocket ? [socket.alpnProtocol, Reflect.get(socket, 'servername')] : []
    response.end(facts.join(' for '))
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server has an address with a port
  const network = open(t, { allowLoopback: true, lookup })
  const trusting = network.dispatcher({ purpose: 'idp', ca: authority.cert })
  const plain = network.dispatcher({ purpose: 'upstream' })

  assert.deepEqual(await overTls(trusting, port, 'idp.example.com'), [200, 'http/1.1 for idp.example.com'])
  assert.deepEqual(await overTls(trusting, port, 'other.example.com'), ['ERR_TLS_CERT_ALTNAME_INVALID', ''])
  assert.deepEqual(await overTls(plain, port, 'idp.example.com'), ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', ''])
})

test('an upstream that does not accept in time is unreachable', async t => {
  const never: LookupFunction = () => {}
  const network = open(t, { allowLoopback: true, lookup: never })
  const dispatcher = network.dispatcher({ purpose: 'upstream', connectTimeoutMs: 50 })

  await assert.rejects(request('http://slow.example.com/', { dispatcher }), {
    code: 'UND_ERR_CONNECT_TIMEOUT',
  })
})
