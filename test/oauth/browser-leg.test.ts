// The browser's leg in a real browser without JavaScript, against a real OpenID provider.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { openSignIn } from '../../app/identity/open-sign-in.ts'
import { openBrowser } from '../support/chromium.ts'
import { ClaudeClient, type SignInPrompt } from '../support/claude-client.ts'
import { freePort } from '../support/free-port.ts'
import { oidcFor } from '../support/idp-sign-in.ts'
import { ENGINEER, startOidcProvider } from '../support/oidc-provider.ts'
import { createDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { sessionRoutes } from '../support/session-routes.ts'
import { startSignInGateway } from '../support/sign-in-gateway.ts'

async function start() {
  const stack = new AsyncDisposableStack()
  const port = await freePort()
  const publicUrl = `http://127.0.0.1:${port}`
  const provider = stack.use(await startOidcProvider({ redirectUri: `${publicUrl}/oauth/callback` }))
  const { pool } = stack.use(await createDatabase())
  const signIn = await openSignIn({
    ...{ oidc: oidcFor(provider), log: recordLog(), publicUrl, clock: Date.now, fetch: globalThis.fetch },
    ...{ groupLookup: null, namesGroups: false, priorityGroups: [] },
  })
  const routes = await sessionRoutes({ pool, signIn, publicUrl })
  const gateway = stack.use(await startSignInGateway({ pool, signIn, port, publicUrl, routes }))
  const browser = stack.use(await openBrowser({ javaScriptEnabled: false }))
  const tab = await browser.context.newPage()
  return { ...{ gateway, publicUrl, tab }, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** A terminal whose person does `act` in the browser while it waits for the first time. */
async function signInWith(publicUrl: string, act: (prompt: SignInPrompt) => Promise<unknown>) {
  let prompt: SignInPrompt | null = null
  const client = new ClaudeClient({
    gatewayUrl: publicUrl,
    wait: async () => {
      if (prompt === null) throw new Error('the terminal waits before it has begun')
      await act(prompt)
    },
  })
  prompt = await client.begin()
  return { client, end: await client.poll(prompt) }
}

async function logIn(tab: Page) {
  await tab.getByLabel('Address').fill(ENGINEER.email)
  await tab.getByLabel('Password').fill(ENGINEER.password)
  await tab.getByRole('button', { name: 'Sign in' }).click()
}

test('a person signs in with two clicks and a password, and the terminal goes on', async () => {
  await using sut = await start()
  const { tab } = sut
  const titles: string[] = []

  const { client, end } = await signInWith(sut.publicUrl, async prompt => {
    await tab.goto(prompt.verification_uri_complete)
    titles.push(
      await tab.title(),
      (await tab.locator('.code').textContent()) === prompt.user_code ? 'same code' : '',
    )
    await tab.getByRole('button', { name: 'Continue' }).click()
    await logIn(tab)
    await tab.waitForURL('**/oauth/callback?**')
    titles.push(await tab.title(), (await tab.locator('.account').textContent()) ?? '')
  })

  assert.deepEqual(titles, ['Confirm your sign-in', 'same code', 'You are signed in', ENGINEER.email])
  assert.equal(end.kind, 'signed_in')
  const tokens = end.kind === 'signed_in' ? end.tokens : null
  const whoami = await client.get('/whoami', tokens?.access_token ?? '')
  assert.equal(JSON.parse(whoami.body).email, ENGINEER.email)
  assert.deepEqual(tokens && (await client.logout(tokens)), [200, 200])
  assert.equal((await client.get('/whoami', tokens?.access_token ?? '')).status, 401)
  const cookies = await tab.context().cookies(sut.publicUrl)
  assert.deepEqual(
    cookies.filter(({ name }) => name === 'gw_dev'),
    [],
  )
  await client[Symbol.asyncDispose]()
})

test('a person types the code by hand, in lower case, and finds the same confirm page', async () => {
  await using sut = await start()
  const { tab } = sut
  const client = new ClaudeClient({ gatewayUrl: sut.publicUrl, wait: async () => {} })
  const prompt = await client.begin()

  await tab.goto(prompt.verification_uri)
  await tab.getByLabel('Code').fill(prompt.user_code.toLowerCase().replace('-', ' '))
  await tab.getByRole('button', { name: 'Continue' }).click()

  assert.equal(await tab.locator('.code').textContent(), prompt.user_code)
  assert.match((await tab.locator('.facts').textContent()) ?? '', /127\.0\.0\.1.*claude-code\/2\.1\.330/s)
  await client[Symbol.asyncDispose]()
})

test('a person who presses Stop ends the sign-in in the terminal', async () => {
  await using sut = await start()
  const { tab } = sut

  const { client, end } = await signInWith(sut.publicUrl, async prompt => {
    await tab.goto(prompt.verification_uri_complete)
    await tab.getByRole('button', { name: 'Stop' }).click()
  })

  assert.equal(await tab.title(), 'Sign-in stopped')
  assert.deepEqual(end, { kind: 'stopped', message: 'Sign-in was denied in the browser.' })
  await client[Symbol.asyncDispose]()
})
