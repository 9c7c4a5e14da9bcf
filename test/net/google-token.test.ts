// Google's own credentials: the real library against a metadata server that speaks its protocol on loopback.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openNetwork } from '../../app/net/network.ts'
import { granted, onGoogle, openToken } from '../support/google.ts'

function isLibraryLoaded(): boolean {
  const { cache } = createRequire(import.meta.url)
  return Object.keys(cache).some(path => path.includes('/google-auth-library/'))
}

test('the library is loaded with the first token, so that a gateway without one pays nothing', async t => {
  await onGoogle(t, response => response.end(granted('ya29.meta')))
  const { token } = openToken(t)
  assert.equal(isLibraryLoaded(), false)

  await token.get()

  assert.equal(isLibraryLoaded(), true)
})

test('on a Google runtime the token comes from the metadata server, once for all who ask', async t => {
  const { asked } = await onGoogle(t, response => response.end(granted('ya29.meta')))
  const { token } = openToken(t)

  const [first, second] = await Promise.all([token.get(), token.get()])

  assert.deepEqual([first, second, token.get()], ['ya29.meta', 'ya29.meta', 'ya29.meta'])
  assert.deepEqual(asked, [
    '/computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform Google',
  ])
})

test('a token is renewed ahead of its end while the old one serves', async t => {
  const { asked } = await onGoogle(t, response => response.end(granted(`ya29.${asked.length}`)))
  let now = 0
  const { token } = openToken(t, openNetwork({ allowLoopback: false }), () => now)
  assert.equal(await token.get(), 'ya29.1')

  now += (3599 - 299) * 1000
  assert.equal(await token.get(), 'ya29.1')
  while (token.get() !== 'ya29.2') await turn()

  assert.equal(asked.length, 2)
})

test('a token that Google refuses is replaced', async t => {
  const { asked } = await onGoogle(t, response => response.end(granted(`ya29.${asked.length}`)))
  const { token } = openToken(t)
  await token.get()

  token.refused()

  assert.equal(await token.get(), 'ya29.2')
})

test('a metadata server that was away for a while is asked again', async t => {
  let isUp = false
  await onGoogle(t, response => (isUp ? response.end(granted('ya29.late')) : response.destroy()))
  let now = 0
  const { token, log } = openToken(t, openNetwork({ allowLoopback: false }), () => now)
  await assert.rejects(async () => token.get())

  isUp = true
  now += 1000

  assert.equal(await token.get(), 'ya29.late')
  assert.equal(log.lines.at(-1), 'info the access token of the Google service account was fetched again')
})

test('a server with a bad moment is asked three times', async t => {
  const { asked } = await onGoogle(t, response => {
    if (asked.length < 3) response.writeHead(503).end('later')
    else response.end(granted('ya29.third'))
  })
  const { token } = openToken(t)

  assert.equal(await token.get(), 'ya29.third')
})

test('forward proxies of the environment are not for credentials', async t => {
  await onGoogle(t, response => response.end(granted('ya29.direct')))
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY']) process.env[name] = 'http://127.0.0.1:1'
  const { token } = openToken(t)

  assert.equal(await token.get(), 'ya29.direct')
})

test('a closing network ends a question that nobody answers', async t => {
  const { promise: reached, resolve } = Promise.withResolvers<void>()
  await onGoogle(t, () => resolve())
  const { token, network } = openToken(t)
  const waiting = assert.rejects(async () => token.get(), /no metadata server answers/)
  await reached

  await network.close()

  await waiting
})
