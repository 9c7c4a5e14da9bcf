// Chrome holds a form's whole redirect chain against `form-action`: some identity providers send the browser on to a
// second host, which the operator has to name.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { openBrowser } from '../support/chromium.ts'
import { askForCodes } from '../support/device-browser.ts'
import { freePort } from '../support/free-port.ts'
import { createDatabase } from '../support/postgres.ts'
import { startSignInGateway } from '../support/sign-in-gateway.ts'
import { stubSignIn } from '../support/stub-sign-in.ts'

/** An identity provider whose first host, 127.0.0.1, sends the browser on to its second, localhost. */
async function startTwoHosts() {
  const server = createServer(({ headers: { host = '' }, url = '' }, response) => {
    if (host.startsWith('localhost'))
      response.setHeader('content-type', 'text/html').end('<title>Second host</title>')
    else response.writeHead(302, { location: `http://localhost:${host.split(':')[1]}${url}` }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server has one
  return {
    ...{ first: `http://127.0.0.1:${port}`, second: `http://localhost:${port}` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function openConfirmPage(isNamed: boolean) {
  const stack = new AsyncDisposableStack()
  const hosts = stack.use(await startTwoHosts())
  const { pool } = stack.use(await createDatabase())
  const port = await freePort()
  const endpoint = `${hosts.first}/authorize`
  const signIn = { ...stubSignIn(), authorizationEndpoint: endpoint, authorizationUrl: async () => endpoint }
  const gateway = stack.use(
    await startSignInGateway({
      ...{ pool, signIn, port, publicUrl: `http://127.0.0.1:${port}` },
      formActionOrigins: isNamed ? [hosts.second] : [],
    }),
  )
  const browser = stack.use(await openBrowser())
  const tab = await browser.context.newPage()
  await tab.goto((await askForCodes(gateway)).verification_uri_complete)
  return { tab, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('with form_action_origins the browser follows Continue to the second host', async () => {
  await using sut = await openConfirmPage(true)

  await sut.tab.getByRole('button', { name: 'Continue' }).click()

  await sut.tab.waitForURL('http://localhost:*/authorize')
  assert.equal(await sut.tab.title(), 'Second host')
})

test('without it the browser refuses the second host, and says why on its console', async () => {
  await using sut = await openConfirmPage(false)
  const refusal = sut.tab.waitForEvent('console', message => message.text().includes('form-action'))

  await sut.tab.getByRole('button', { name: 'Continue' }).click()

  assert.match((await refusal).text(), /violates.*Content Security Policy.*form-action/s)
})
