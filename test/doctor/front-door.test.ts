import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { frontDoor } from '../../app/doctor/front-door.ts'
import { createCertificate } from '../support/certificate.ts'
import { findingsOf } from '../support/examination.ts'
import { startHttp } from '../support/http-server.ts'

async function answering(t: TestContext, status: number): Promise<string> {
  const server = await startHttp((_request, response) => void response.writeHead(status).end())
  t.after(() => server.stop())
  return server.origin
}

test('an answer of the health route is all that is needed', async t => {
  const origin = await answering(t, 200)

  assert.deepEqual(await findingsOf(frontDoor, { origin }), [
    { id: 'front-door', status: 'ok', evidence: `${origin}/health answers 200` },
  ])
})

test('403 before the gateway names the invoker check and the address list', async t => {
  const origin = await answering(t, 403)

  assert.deepEqual(await findingsOf(frontDoor, { origin }), [
    {
      ...{ id: 'front-door', status: 'fail' },
      evidence: `${origin}/health answers 403: the request does not reach the gateway, or its address list refuses it`,
      fix: 'on Cloud Run let the invoker check admit all (service.invoker), or add this network to access_control.allow_cidrs',
    },
  ])
})

test('a certificate that nobody trusts names the CNAME of the managed one', async t => {
  const { certificate_pem: cert, private_key_pem: key } = createCertificate()
  const server = createServer({ cert, key }, (_request, response) => void response.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo // a TCP server has an address with a port

  const [finding] = await findingsOf(frontDoor, { origin: `https://127.0.0.1:${port}` })

  assert.equal(finding?.status, 'fail')
  assert.equal(
    finding?.evidence,
    `the certificate of 127.0.0.1:${port} is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
  )
  assert.match(finding?.fix ?? '', /CNAME in the public zone/)
})

test('a port that nobody serves says how it failed', async () => {
  const [finding] = await findingsOf(frontDoor, { origin: 'https://127.0.0.1:9' })

  assert.deepEqual([finding?.status, finding?.evidence], ['fail', '127.0.0.1:9 does not open (ECONNREFUSED)'])
})
