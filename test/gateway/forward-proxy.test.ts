// A gateway process behind a forward proxy: whether the identity provider is reached through it, and what is said.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { describe, test } from 'node:test'
import { createAuthority } from '../support/authority.ts'
import { freePort } from '../support/free-port.ts'
import { API_KEY, CLIENT_SECRET } from '../support/gateway.ts'
import { serveGateway } from '../support/gateway-process.ts'
import { createDatabase } from '../support/postgres.ts'
import { type ProxyManner, startForwardProxy } from '../support/proxy.ts'

/** Boots behind a proxy that declares itself the only way out, to an issuer that nobody can resolve here. */
async function boot(oidc: Readonly<Record<string, unknown>>, manner: ProxyManner = 'join') {
  await using database = await createDatabase()
  await using proxy = await startForwardProxy(manner)
  const authority = createAuthority('Test Authority')
  const server = createServer(authority.issue('idp.example.com'), (_incoming, response) => {
    response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server has an address with a port
  const issuer = `https://idp.example.com:${port}`
  const client = { client_id: 'c', client_secret: CLIENT_SECRET, allowed_email_domains: ['example.com'] }
  const settings = {
    ...{ port: await freePort(), issuer, databaseUrl: database.tcpUrl, upstreamUrls: [] },
    sections: {
      oidc: { issuer, ...client, ca_cert_pem: authority.cert, ...oidc },
      upstreams: [{ provider: 'anthropic', auth: { api_key: API_KEY } }],
    },
  }
  const variables = {
    CLAUDE_GATEWAY_ALLOW_LOOPBACK: '',
    CLAUDE_GATEWAY_PROXY_IS_EGRESS_BOUNDARY: '1',
    https_proxy: `http://marked-user:marked-pw@127.0.0.1:${proxy.port}`,
  }
  await using started = serveGateway(settings, { variables })
  const code = await started.exited
  server.close()
  const told = new Set(proxy.requests.map(({ authority: asked }) => asked.replace(`:${port}`, ':PORT')))
  return { code, told: [...told], stderr: started.stderr }
}

describe('at an egress boundary', { concurrency: true }, () => {
  test('the identity provider is asked through the proxy, by name, with TLS to itself', async () => {
    const { code, told, stderr } = await boot({})

    assert.deepEqual([code, told], [1, ['idp.example.com:PORT']])
    assert.match(stderr, /info network: https through 127\.0\.0\.1:\d+, which resolves names/)
    assert.match(stderr, /failed: HTTP status 404 \(attempt 1 of 3\)/)
    assert.doesNotMatch(stderr, /marked|bWFya2Vk/)
  })

  test('a proxy that refuses is named as the cause, with its cure', async () => {
    const refusing = (socket: Socket) => void socket.end('HTTP/1.1 407 Authentication Required\r\n\r\n')
    const { code, told, stderr } = await boot({}, refusing)

    assert.deepEqual([code, told], [1, ['idp.example.com:PORT']])
    assert.match(
      stderr,
      /failed: the forward proxy opened no tunnel \(attempt 3 of 3\)\. Fix: check HTTPS_PROXY/,
    )
    assert.doesNotMatch(stderr, /marked|bWFya2Vk/)
  })

  test('with use_proxy: false it is not', async () => {
    const { code, told, stderr } = await boot({ use_proxy: false })

    assert.deepEqual([code, told], [1, []])
    assert.doesNotMatch(stderr, /marked|bWFya2Vk/)
  })
})
