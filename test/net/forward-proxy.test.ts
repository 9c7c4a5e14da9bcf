// Connections through a forward proxy, over real sockets: what it is told, what the guard still refuses, TLS.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { type TestContext, test } from 'node:test'
import { request } from 'undici'
import { readForwardProxies } from '../../app/config/forward-proxies.ts'
import { type DispatcherOptions, openNetwork } from '../../app/net/network.ts'
import { createAuthority } from '../support/authority.ts'
import { type HttpServer, startHttp } from '../support/http-server.ts'
import { type ForwardProxyServer, startForwardProxy } from '../support/proxy.ts'

const answers: Readonly<Record<string, readonly string[]>> = {
  'model.example.com': ['127.0.0.1'],
  'both.example.com': ['2001:db8::1', '10.0.0.1'],
  'inside.example.com': ['169.254.169.254'],
}

const lookup: LookupFunction = (host, _options, done) => {
  const found = answers[host] ?? []
  if (found.length === 0) return done(Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' }), [])
  done(
    null,
    found.map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
}

interface Circumstances {
  readonly allowLoopback?: boolean
  readonly isBoundary?: boolean
  readonly credentials?: string
  readonly none?: string
}

/** A network behind `proxy`, for https and http. */
function openBehind(t: TestContext, proxy: ForwardProxyServer, circumstances: Circumstances = {}) {
  const { allowLoopback = true, isBoundary = false, credentials = '', none } = circumstances
  const url = `http://${credentials}127.0.0.1:${proxy.port}`
  const { proxies, problems } = readForwardProxies({
    ...{ https: url, http: url, none, isDeclaredBoundary: isBoundary, allowLoopback },
  })
  assert.deepEqual([problems, proxies.isBoundary], [[], isBoundary])
  const network = openNetwork({ allowLoopback, proxies, lookup })
  t.after(() => network.close())
  return network
}

async function ask(url: string, dispatcher: ReturnType<ReturnType<typeof openBehind>['dispatcher']>) {
  try {
    const { statusCode, body } = await request(url, { dispatcher })
    return [statusCode, await body.text()]
  } catch (error) {
    return [error instanceof Error && 'code' in error ? error.code : error, String(error)]
  }
}

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

  for (const purpose of ['upstream', 'token_exchange', 'telemetry', 'idp', 'google'] as const)
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
  proxy.manner = socket => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.once('data', () => socket.resetAndDestroy())
  }
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

test('NO_PROXY leads past the proxy, with the guard', async t => {
  await using server = await echo()
  await using proxy = await startForwardProxy()
  const network = openBehind(t, proxy, { none: `.example.org, model.example.com:${server.port}` })
  const dispatcher = network.dispatcher({ purpose: 'telemetry' })

  assert.equal((await ask(`http://model.example.com:${server.port}/`, dispatcher))[0], 200)
  assert.deepEqual(proxy.requests, [])
})
