import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { openNetwork } from '../../app/net/network.ts'
import { createCertificate } from '../support/certificate.ts'
import { openBehind } from '../support/proxied-network.ts'
import { startForwardProxy } from '../support/proxy.ts'

/** A TLS server on loopback; answers its port, and how many requests it saw. */
async function startTls(t: TestContext, hosts: readonly string[]) {
  const { certificate_pem: cert, private_key_pem: key } = createCertificate({ hosts })
  const seen = { requests: 0, cert }
  const server = createServer({ cert, key }, (_request, response) => {
    seen.requests += 1
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo // a TCP server has an address with a port
  return { ...seen, port, seen }
}

test('a handshake tells trust and end of a certificate, and sends no request', async t => {
  const { port, cert, seen } = await startTls(t, ['127.0.0.1'])
  const network = openNetwork({ allowLoopback: true })
  t.after(() => network.close())
  const url = new URL(`https://127.0.0.1:${port}`)

  const trusted = await network.handshake(url, { purpose: 'idp', ca: cert })
  const strange = await network.handshake(url, { purpose: 'idp' })

  assert.deepEqual([trusted.kind, trusted.kind === 'open' && trusted.distrust], ['open', null])
  assert.ok(trusted.kind === 'open' && Number(trusted.validTo) > Date.now())
  assert.equal(strange.kind === 'open' && strange.distrust, 'DEPTH_ZERO_SELF_SIGNED_CERT')
  assert.equal(seen.requests, 0)
})

test('a handshake goes the way of its purpose: where only a proxy leads out, through the proxy', async t => {
  const { port, cert } = await startTls(t, ['model.example.com'])
  await using proxy = await startForwardProxy()
  const network = openBehind(t, proxy)
  const url = new URL(`https://model.example.com:${port}`)

  const byAddress = await network.handshake(url, { purpose: 'upstream', ca: cert })
  const direct = await network.handshake(url, { purpose: 'upstream', ca: cert, proxy: 'never' })

  assert.deepEqual([byAddress.kind, direct.kind], ['open', 'open'])
  assert.deepEqual(
    proxy.requests.map(({ authority }) => authority),
    [`127.0.0.1:${port}`],
  )
})

test('the guard judges a handshake as it does a request', async t => {
  const network = openNetwork({ allowLoopback: false })
  t.after(() => network.close())

  const refused = await network.handshake(new URL('https://127.0.0.1:9'), { purpose: 'upstream' })

  assert.deepEqual(refused, { kind: 'closed', cause: 'ECONNREFUSED_SSRF' })
})
