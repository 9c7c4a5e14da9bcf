import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDatabase } from '../support/postgres.ts'
import { type SignInGatewayOptions, startSignInGateway } from '../support/sign-in-gateway.ts'
import { stubSignIn } from '../support/stub-sign-in.ts'

/** A gateway with one waiting sign-in, `BCDFGHJK`, asked for by a client that tells its name. */
async function start(options: Partial<SignInGatewayOptions> & { userAgent?: string } = {}) {
  const { userAgent = 'claude-code/2.1.330', ...others } = options
  const database = await createDatabase()
  const gateway = await startSignInGateway({
    ...{ pool: database.pool, signIn: stubSignIn(), drawUserCode: () => 'BCDFGHJK' },
    ...{ trustedProxies: ['127.0.0.1'], ...others },
  })
  await gateway.ask('/oauth/device_authorization', {
    form: '',
    headers: { 'user-agent': userAgent, 'x-forwarded-for': '203.0.113.7' },
  })
  return {
    ...{ pool: database.pool, gateway },
    get: (path: string, from = '203.0.113.7') => gateway.ask(path, { headers: { 'x-forwarded-for': from } }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** What a reader sees: the markup without tags and repeated white space. */
function textOf(page: string): string {
  return page
    .slice(page.indexOf('<main>'))
    .replace(/<\/(dt|dd|p|h1)>/g, ' ')
    .replace(/<[^>]+>/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

test('without a code, /device asks for one', async () => {
  await using sut = await start()

  const page = await sut.get('/device')

  assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8'])
  assert.match(page.body, /<title>Enter your code<\/title>/)
  assert.match(page.body, /<label for="user_code">Code<\/label>/)
  assert.match(
    page.body.replace(/\s+/g, ' '),
    /<input id="user_code" name="user_code" type="text" required maxlength="16" autocapitalize="characters" autocomplete="off" spellcheck="false" aria-describedby="hint" ?>/,
  )
  assert.doesNotMatch(page.body, /role="alert"/)
})

test('a malformed code is answered with the entry form, and not echoed', async () => {
  await using sut = await start()

  const page = await sut.get('/device?user_code=%3Cscript%3Ealert(1)%3C%2Fscript%3E')

  assert.equal(page.status, 200)
  assert.match(page.body, /<title>Check your code<\/title>/)
  assert.match(textOf(page.body), /That is not a complete code\./)
  assert.doesNotMatch(page.body, /script/)
})

test('a waiting code is shown large with who asked for it, and nothing happens without a click', async () => {
  await using sut = await start()

  const page = await sut.get('/device?user_code=bcdf-ghjk')

  assert.match(page.body, /<title>Confirm your sign-in<\/title>/)
  assert.match(page.body, /<p class="code" translate="no">BCDF-GHJK<\/p>/)
  assert.match(
    textOf(page.body),
    /Asked for less than a minute ago, \d\d:\d\d UTC From 203\.0\.113\.7 By claude-code\/2\.1\.330/,
  )
  assert.match(textOf(page.body), /If somebody sent you this link or this code, choose Stop\./)
  assert.match(
    page.body,
    /<form method="post" action="\/device">\s*<input type="hidden" name="user_code" value="BCDF-GHJK">/,
  )
  assert.match(page.body, /<button type="submit" class="quiet" formaction="\/device\/deny">Stop<\/button>/)
  assert.doesNotMatch(page.body, /<script|autofocus|http-equiv/)
  assert.equal(page.headers['set-cookie'], undefined)
  assert.deepEqual((await sut.pool.query('select status from device_grants')).rows, [{ status: 'pending' }])
})

test('a well-formed code that waits nowhere is confirmed without facts', async () => {
  await using sut = await start()

  const page = await sut.get('/device?user_code=ZZZZ-ZZZZ')

  assert.match(page.body, /<p class="code" translate="no">ZZZZ-ZZZZ<\/p>/)
  assert.match(textOf(page.body), /No sign-in is waiting for this code\./)
  assert.doesNotMatch(page.body, /203\.0\.113\.7|Asked for/)
  assert.equal(sut.gateway.events.at(-1)?.evt, 'device.verify')
})

test('a browser from another network than the terminal is told so', async () => {
  await using sut = await start()

  const page = await sut.get('/device?user_code=BCDFGHJK', '198.51.100.24')

  assert.match(
    textOf(page.body),
    /Another network asked for this\. Your browser comes from 198\.51\.100\.24\./,
  )
})

test('with address_match off, another network is not remarked upon', async () => {
  await using sut = await start({ rules: { address_match: 'off' } })

  const page = await sut.get('/device?user_code=BCDFGHJK', '198.51.100.24')

  assert.doesNotMatch(page.body, /Another network/)
})

test('A-14: markup, controls and bidirectional marks in a User-Agent reach the page as harmless text', async () => {
  await using sut = await start({ userAgent: '<b onclick="x">\x85evil\xad</b>\t&amp;' })

  const page = await sut.get('/device?user_code=BCDFGHJK')

  assert.match(
    page.body,
    /By<\/dt><dd translate="no">&lt;b onclick=&quot;x&quot;&gt; evil &lt;\/b&gt; &amp;amp;<\/dd>/,
  )
})

test('a login notice stands beside the code, escaped, with its line breaks', async () => {
  await using sut = await start({ rules: { login_notice: 'Authorised use only.\nAsk <IT>.' } })

  const page = await sut.get('/device?user_code=BCDFGHJK')

  assert.match(page.body, /<p class="notice">Authorised use only\.\nAsk &lt;IT&gt;\.<\/p>/)
})

test('the page may submit only to itself and to the identity provider, and no script runs on it', async () => {
  await using sut = await start({ formActionOrigins: ['https://login.example'] })

  const page = await sut.get('/device')

  const policy = String(page.headers['content-security-policy'])
  const expected =
    "default-src 'none'; style-src 'sha256-…'; form-action 'self' https://idp.example https://login.example; frame-ancestors 'none'; base-uri 'none'"
  assert.equal(policy.replace(/sha256-[A-Za-z0-9+/]{43}=/, 'sha256-…'), expected)
  assert.deepEqual(
    [
      ...[page.headers['referrer-policy'], page.headers['x-frame-options']],
      ...[page.headers['x-content-type-options'], page.headers['cross-origin-opener-policy']],
      ...[page.headers['cache-control'], page.headers.pragma],
    ],
    ['same-origin', 'DENY', 'nosniff', 'same-origin', 'no-store', 'no-cache'],
  )
})

test('a path in public_url is part of where the forms go', async () => {
  await using sut = await start({ publicUrl: 'https://tools.example/gw' })

  const page = await sut.get('/device?user_code=BCDFGHJK')

  assert.match(page.body, /<form method="post" action="\/gw\/device">/)
})

test('with the store down the page still renders, without facts', async () => {
  await using sut = await start()
  await sut.pool.query('drop table rate_windows')

  const page = await sut.get('/device?user_code=BCDFGHJK')

  assert.equal(page.status, 200)
  assert.match(page.body, /BCDF-GHJK/)
  assert.doesNotMatch(page.body, /Asked for|No sign-in is waiting/)
})
