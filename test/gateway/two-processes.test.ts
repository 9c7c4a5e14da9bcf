// Two gateways as two processes that share nothing but a database.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { comeBack, pressContinue } from '../support/browser.ts'
import { ClaudeClient } from '../support/claude-client.ts'
import { freePort } from '../support/free-port.ts'
import { type GatewayProcess, serveGateway } from '../support/gateway-process.ts'
import { startIdp } from '../support/idp.ts'
import { CLIENT } from '../support/idp-manners.ts'
import { emptyDatabase } from '../support/postgres.ts'
import { approveAtIdp } from '../support/sign-in.ts'
import { startUpstream } from '../support/upstream.ts'
import { askMessages, polite, redirectUriOf } from '../support/whole-gateway.ts'

/** One poll on a connection of its own; its status and body. */
async function poll(port: number, deviceCode: string): Promise<string> {
  const grant = encodeURIComponent('urn:ietf:params:oauth:grant-type:device_code')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request({ host: '127.0.0.1', port, path: '/oauth/token', method: 'POST', agent: false })
  sent.setHeader('content-type', 'application/x-www-form-urlencoded')
  sent.on('error', reject)
  sent.on('response', async response => resolve(`${response.statusCode} ${await text(response)}`))
  const form = `grant_type=${grant}&device_code=${deviceCode}`
  sent.setHeader('content-length', form.length)
  sent.end(form)
  return promise
}

test('two processes migrate one database, share a sign-in, deliver it once and honour its bearer and its end', async () => {
  await using database = await emptyDatabase()
  await using upstream = await startUpstream(polite)
  const ports = [await freePort(), await freePort()] as const
  const public_url = `http://127.0.0.1:${ports[0]}`
  await using idp = await startIdp({ redirectUri: redirectUriOf(ports[0]) })
  const start = (port: number): GatewayProcess =>
    serveGateway({
      ...{ port, issuer: idp.issuer, databaseUrl: database.tcpUrl, upstreamUrls: [upstream.origin] },
      sections: {
        oidc: { issuer: idp.issuer, ...CLIENT },
        listen: { host: '127.0.0.1', port, public_url },
      },
    })
  await using first = start(ports[0])
  await using second = start(ports[1])
  await Promise.all([first.line('ready'), second.line('ready')])
  await using terminal = new ClaudeClient({ gatewayUrl: public_url, wait: async () => {} })
  const elsewhere = (url: string) => url.replace(`:${ports[0]}`, `:${ports[1]}`)

  const prompt = await terminal.begin()
  const { location, cookie } = await pressContinue(prompt)
  const page = await comeBack(elsewhere(await approveAtIdp(location)), { cookie })
  const polls = await Promise.all(
    Array.from({ length: 50 }, (_, i) => poll(ports[i % 2] ?? 0, prompt.device_code)),
  )

  const delivered = polls.filter(answer => answer.startsWith('200 '))
  const others = new Set(polls.filter(answer => !answer.startsWith('200 ')))
  assert.equal(page.title, 'You are signed in')
  assert.deepEqual([delivered.length, [...others]], [1, ['400 {"error":"expired_token"}']])

  const tokens = JSON.parse(delivered[0]?.slice(4) ?? '')
  const urls = [public_url, elsewhere(public_url)]
  const answers = await Promise.all(urls.map(url => askMessages(url, tokens.access_token)))
  const revoked = await terminal.logout(tokens)
  const after = await askMessages(public_url, tokens.access_token)
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.deepEqual([revoked, after.status], [[200, 200], 401])
  const mints = [first, second].flatMap(each => each.events()).filter(({ evt }) => evt === 'session.mint')
  const migrated = [first, second].filter(({ stderr }) => stderr.includes('0001-sign-in.sql applied'))
  assert.deepEqual([mints.length, migrated.length], [1, 1])
})
