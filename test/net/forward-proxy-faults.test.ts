// Forward proxies on bad days, over real sockets: each fault is a failed connection that names the proxy.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { readForwardProxies } from '../../app/config/forward-proxies.ts'
import { openNetwork } from '../../app/net/network.ts'
import { startHttp } from '../support/http-server.ts'
import { ask, lookup, openBehind } from '../support/proxied-network.ts'
import { startForwardProxy } from '../support/proxy.ts'

test('a proxy that reaches no IPv6 is asked for the IPv4 address first, and for the next when one fails', async t => {
  await using proxy = await startForwardProxy(socket => void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
  const dispatcher = openBehind(t, proxy).dispatcher({ purpose: 'telemetry' })

  const [code, text] = await ask('http://both.example.com/', dispatcher)

  assert.equal(code, 'ERR_FORWARD_PROXY')
  assert.match(String(text), /127\.0\.0\.1:\d+ opened no tunnel to \[2001:db8::1\]:80: it answered 502/)
  assert.deepEqual(
    proxy.requests.map(({ authority }) => authority),
    ['10.0.0.1:80', '[2001:db8::1]:80'],
  )
})

test('a proxy that refuses, resets, talks nonsense, hangs or is not there is a failed connection, named', async t => {
  await using proxy = await startForwardProxy()
  const network = openBehind(t, proxy)
  const asking = async (connectTimeoutMs?: number) => {
    const dispatcher = network.dispatcher({ purpose: 'upstream', proxy: 'by_name', connectTimeoutMs })
    const [code, text] = await ask('http://model.example.com/', dispatcher)
    return `${code} ${String(text).replace(String(proxy.port), 'PORT')}`
  }
  const failed = 'ERR_FORWARD_PROXY ProxyFailure: the forward proxy 127.0.0.1:PORT opened no tunnel'
  proxy.manner = socket => void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\nmarked')
  assert.equal(await asking(), `${failed} to model.example.com:80: it does not allow it (403)`)
  proxy.manner = socket => void socket.resetAndDestroy()
  assert.match(await asking(), /^ERR_FORWARD_PROXY .*: (ECONNRESET|UND_ERR_SOCKET)$/)
  proxy.manner = socket => void socket.end('SSH-2.0-x\r\n')
  assert.equal(await asking(), `${failed} to model.example.com:80: the connection broke`)
  proxy.manner = () => {}
  assert.equal(
    await asking(50),
    'UND_ERR_CONNECT_TIMEOUT ConnectTimeoutError: ' +
      'no connection to model.example.com through the forward proxy 127.0.0.1:PORT in time',
  )
  await proxy[Symbol.asyncDispose]()
  assert.match(await asking(), /^ERR_FORWARD_PROXY .*: ECONNREFUSED$/)
})

test('TLS that hangs inside the tunnel ends with the same deadline', async t => {
  await using proxy = await startForwardProxy(socket => void socket.write('HTTP/1.1 200 OK\r\n\r\n'))
  const dispatcher = openBehind(t, proxy).dispatcher({
    ...{ purpose: 'upstream', proxy: 'by_name', connectTimeoutMs: 50 },
  })

  assert.equal((await ask('https://model.example.com/', dispatcher))[0], 'UND_ERR_CONNECT_TIMEOUT')
})

test('a tunnel that breaks under the handshake is a failed connection', async t => {
  await using proxy = await startForwardProxy(socket => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.once('data', () => socket.resetAndDestroy())
  })
  const dispatcher = openBehind(t, proxy).dispatcher({ purpose: 'upstream', proxy: 'by_name' })

  assert.equal((await ask('https://model.example.com/', dispatcher))[0], 'ECONNRESET')
})

test('a stream flows through the tunnel as it comes, and a cut tunnel breaks it', async t => {
  await using server = await startHttp((_incoming, response) => void response.write('first'))
  await using proxy = await startForwardProxy()
  const dispatcher = openBehind(t, proxy).dispatcher({ purpose: 'upstream' })
  const { body } = await request(`http://model.example.com:${server.port}/`, { dispatcher })
  const chunks: string[] = []

  await assert.rejects(
    async () => {
      for await (const chunk of body) {
        chunks.push(String(chunk))
        proxy.cut()
      }
    },
    { code: /ECONNRESET|UND_ERR_SOCKET/ },
  )
  assert.deepEqual(chunks, ['first'])
})

test('a proxy at a forbidden address is not connected to', async t => {
  const { proxies } = readForwardProxies({
    ...{ https: undefined, http: 'http://inside.example.com:3128', none: undefined },
    ...{ isDeclaredBoundary: false, allowLoopback: true },
  })
  const network = openNetwork({ allowLoopback: true, proxies, lookup })
  t.after(() => network.close())
  const dispatcher = network.dispatcher({ purpose: 'google' })

  const [code, text] = await ask('http://model.example.com/', dispatcher)

  assert.equal(code, 'ECONNREFUSED_SSRF')
  assert.match(String(text), /forward proxy: the connection to inside\.example\.com .* metadata address/)
})
