// Connections through a forward proxy, over real sockets: what it is told, what the guard still refuses, TLS.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { DispatcherOptions } from '../../app/net/network.ts'
import { createAuthority } from '../support/authority.ts'
import { type HttpServer, startHttp } from '../support/http-server.ts'
import { ask, openBehind } from '../support/proxied-network.ts'
import { startForwardProxy } from '../support/proxy.ts'

function echo(): Promise<HttpServer> {
  return startHttp((incoming, response) => void response.end(`for ${incoming.headers.host}`))
}

test('every purpose has its way: past the proxy, by the judged address, or by name', async t => {
  await using server = await echo()
  await using proxy = await startForwardProxy()
  const network = openBehind(t, proxy)
  const { port } = server
  const rows: readonly (readonly [DispatcherOptions, string | null])[] = [
    [{ purpose: 'idp' }, null],
    [{ purpose: 'idp', proxy: 'by_address' }, '127.0.0.1'],
    [{ purpose: 'idp', proxy: 'never' }, null],
    [{ purpose: 'upstream', name: 'first' }, '127.0.0.1'],
    [{ purpose: 'upstream', name: 'cloud', proxy: 'by_name' }, 'model.example.com'],
    [{ purpose: 'token_exchange' }, '127.0.0.1'],
    [{ purpose: 'telemetry' }, '127.0.0.1'],
    [{ purpose: 'webhook' }, '127.0.0.1'],
    [{ purpose: 'google' }, 'model.example.com'],
    [{ purpose: 'ambient' }, null],
  ]

  for (const [options, told] of rows) {
    const before = proxy.requests.length
    const answer = await ask(`http://model.example.com:${port}/`, network.dispatcher(options))

    assert.deepEqual(answer, [200, `for model.example.com:${port}`])
    const authorities = proxy.requests.slice(before).map(({ authority }) => authority)
    assert.deepEqual(authorities, told === null ? [] : [`${told}:${port}`])
  }
})

test('where the proxy is the only way out it is told names, and resolves them itself', async t => {
  await using server = await echo()
  await using proxy = await startForwardProxy()
  const network = openBehind(t, proxy, { allowLoopback: false, isBoundary: true })
  const url = `http://unknown-here.example.com:${server.port}/`

  for (const purpose of ['upstream', 'token_exchange', 'telemetry', 'webhook', 'idp', 'google'] as const)
    assert.equal((await ask(url, network.dispatcher({ purpose })))[0], 200)
  assert.deepEqual(
    new Set(proxy.requests.map(({ authority }) => authority)),
    new Set([`unknown-here.example.com:${server.port}`]),
  )
  const past = network.dispatcher({ purpose: 'idp', proxy: 'never' })
  assert.equal((await ask(url, past))[0], 'ENOTFOUND')
})

test('the guard stands before the proxy in each mode: literals, names of the table, and resolved addresses', async t => {
  await using proxy = await startForwardProxy()
  const forbidden = ['http://169.254.169.254/', 'http://metadata.google.internal/', 'http://2852039166/']
  for (const isBoundary of [false, true]) {
    const network = openBehind(t, proxy, { allowLoopback: false, isBoundary })
    for (const use of ['by_address', 'by_name'] as const) {
      const dispatcher = network.dispatcher({ purpose: 'upstream', proxy: use })
      for (const url of [...forbidden, 'http://127.0.0.1:1/', 'http://localhost:1/'])
        assert.equal((await ask(url, dispatcher))[0], 'ECONNREFUSED_SSRF', url)
    }
  }
  const network = openBehind(t, proxy, { allowLoopback: false })
  const resolving = network.dispatcher({ purpose: 'telemetry' })

  assert.equal((await ask('http://inside.example.com/', resolving))[0], 'ECONNREFUSED_SSRF')
  assert.equal((await ask('http://model.example.com/', resolving))[0], 'ECONNREFUSED_SSRF')
  assert.deepEqual(proxy.requests, [])
})

test('a target that is written as loopback is this machine: no proxy is asked', async t => {
  await using server = await echo()
  await using proxy = await startForwardProxy()
  const dispatcher = openBehind(t, proxy).dispatcher({ purpose: 'upstream' })

  assert.equal((await ask(server.origin, dispatcher))[0], 200)
  assert.deepEqual(proxy.requests, [])
})

test('credentials go to the proxy alone, decoded, in Proxy-Authorization', async t => {
  const seen: unknown[] = []
  await using server = await startHttp((incoming, response) => {
    seen.push(incoming.rawHeaders.join('\n'))
    response.end('ok')
  })
  await using proxy = await startForwardProxy()
  const network = openBehind(t, proxy, { credentials: 'us%3Aer:marked%20pw@' })
  const dispatcher = network.dispatcher({ purpose: 'upstream' })

  const first = await ask(`http://model.example.com:${server.port}/`, dispatcher)
  proxy.manner = socket => void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
  proxy.cut()
  const second = await ask(`http://both.example.com:${server.port}/`, dispatcher)

  assert.equal(first[0], 200)
  const authority = `127.0.0.1:${server.port}`
  assert.deepEqual(proxy.requests[0]?.headers, {
    host: authority,
    'proxy-authorization': `Basic ${Buffer.from('us:er:marked pw').toString('base64')}`,
    connection: 'close',
  })
  assert.doesNotMatch(String(seen), /proxy|marked|basic/i)
  assert.match(String(second[1]), /it wants other credentials \(407\)/)
  assert.doesNotMatch(second.join(), /marked|us:er|bWFya2Vk/)
})

test('TLS is with the target through the tunnel: its name is verified, and the authority of its purpose', async t => {
  const authority = createAuthority('Test Authority')
  const server = createServer(authority.issue('model.example.com'), (_incoming, response) => {
    response.write('one ')
    response.end('two')
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server has an address with a port
  await using proxy = await startForwardProxy()
  const network = openBehind(t, proxy)
  const trusting = network.dispatcher({ purpose: 'idp', ca: authority.cert, proxy: 'by_name' })
  const judging = network.dispatcher({ purpose: 'idp', ca: authority.cert, proxy: 'by_address' })
  const plain = network.dispatcher({ purpose: 'upstream' })
  const url = `https://model.example.com:${port}/`

  assert.deepEqual(await ask(url, trusting), [200, 'one two'])
  assert.deepEqual(await ask(url, judging), [200, 'one two'])
  assert.deepEqual(
    proxy.requests.map(({ authority: told }) => told),
    [`model.example.com:${port}`, `127.0.0.1:${port}`],
  )
  assert.equal((await ask(url, plain))[0], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  assert.equal((await ask(`https://other.example.com:${port}/`, trusting))[0], 'ERR_TLS_CERT_ALTNAME_INVALID')
})

test('NO_PROXY leads past the proxy, with the guard', async t => {
  await using server = await echo()
  await using proxy = await startForwardProxy()
  const network = openBehind(t, proxy, { none: `.example.org, model.example.com:${server.port}` })
  const dispatcher = network.dispatcher({ purpose: 'telemetry' })

  assert.equal((await ask(`http://model.example.com:${server.port}/`, dispatcher))[0], 200)
  assert.deepEqual(proxy.requests, [])
})
