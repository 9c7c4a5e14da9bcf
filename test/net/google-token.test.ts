// Google's own credentials: the real library against a metadata server that speaks its protocol on loopback.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createGoogleToken } from '../../app/net/google-token.ts'
import { recordLog } from '../support/recorded-log.ts'

/** A Google runtime, whose metadata server answers requests for tokens with `answer`. */
async function onGoogle(t: TestContext, answer: (response: ServerResponse) => void): Promise<string[]> {
  const asked: string[] = []
  const server = createServer(({ url = '', headers }: IncomingMessage, response) => {
    response.setHeader('metadata-flavor', 'Google')
    response.setHeader('content-type', 'application/json')
    if (!url.includes('/token')) return void response.end('{}')
    asked.push(`${url} ${headers['metadata-flavor']}`)
    answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  process.env['GCE_METADATA_HOST'] = host
  process.env['METADATA_SERVER_DETECTION'] = 'assume-present'
  t.after(() => {
    delete process.env['GCE_METADATA_HOST']
    delete process.env['METADATA_SERVER_DETECTION']
    server.closeAllConnections()
    server.close()
  })
  return asked
}

function granted(token: string): string {
  return JSON.stringify({ access_token: token, expires_in: 3599, token_type: 'Bearer' })
}

function open(clock: () => number = Date.now) {
  const log = recordLog()
  return { token: createGoogleToken({ log, clock }), log }
}

test('on a Google runtime the token comes from the metadata server, once for all who ask', async t => {
  const asked = await onGoogle(t, response => response.end(granted('ya29.meta')))
  const { token } = open()

  const [first, second] = await Promise.all([token.get(), token.get()])

  assert.deepEqual([first, second, token.get()], ['ya29.meta', 'ya29.meta', 'ya29.meta'])
  assert.equal(asked.length, 1)
  assert.match(asked[0] ?? '', /service-accounts\/default\/token.*cloud-platform.* Google$/)
})

test('a refusal rejects those who wait, is logged, and holds back the next try', async t => {
  const asked = await onGoogle(t, response => response.writeHead(404).end('no service account'))
  const { token, log } = open()

  await assert.rejects(async () => token.get())
  const tries = asked.length
  await assert.rejects(async () => token.get(), /not fetched again yet/)

  assert.equal(asked.length, tries)
  assert.ok(
    log.lines.some(line => line.includes('the access token of the Google service account could not be')),
  )
})

test('a token is renewed ahead of its end while the old one serves', async t => {
  const asked = await onGoogle(t, response => response.end(granted(`ya29.${asked.length}`)))
  let now = 0
  const { token } = open(() => now)
  assert.equal(await token.get(), 'ya29.1')

  now += (3599 - 299) * 1000
  assert.equal(await token.get(), 'ya29.1')
  while (token.get() !== 'ya29.2') await turn()

  assert.equal(asked.length, 2)
})
