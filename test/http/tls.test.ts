import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { createAuthority } from '../support/authority.ts'
import { startListener, type TestListener } from '../support/listener.ts'
import { exchangeOpen, parseAnswer, received } from '../support/raw-http.ts'

const authority = createAuthority('Test authority')
const request = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

let listener: TestListener
before(async () => {
  listener = await startListener([], { publicUrl: 'https://localhost', tls: authority.issue('localhost') })
})
after(() => listener[Symbol.asyncDispose]())

function open(options: ConnectionOptions = {}) {
  const where = { host: '127.0.0.1', port: listener.port, servername: 'localhost' }
  return connect({ ...where, ca: authority.cert, ALPNProtocols: ['h2', 'http/1.1'], ...options })
}

test('TLS 1.2 and 1.3 are spoken, and inside them HTTP/1.1 with strict transport', async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = open({ minVersion: version, maxVersion: version })
    await once(socket, 'secureConnect')
    const text = received(socket)
    socket.write(request)

    const answer = parseAnswer(await text)

    assert.equal(socket.alpnProtocol, 'http/1.1')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
  }
})

test('older versions of TLS are refused', async () => {
  const socket = open({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })

  const [error] = await once(socket, 'error')

  assert.match(String(error.code), /^(ERR_SSL|ECONNRESET)/)
})

test('HTTP in clear on the TLS port gets no answer', async () => {
  assert.equal(await exchangeOpen(listener.port, request), '')
})

test('what is not HTTP is refused inside TLS as well, with strict transport', async () => {
  const socket = open()
  await once(socket, 'secureConnect')
  const text = received(socket)
  socket.write('GET / HTTP/1.1\nHost: g\r\n\r\n')

  const answer = parseAnswer(await text)

  assert.equal(answer.status, 400)
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
})
