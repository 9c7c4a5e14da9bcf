import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { promisify } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import { fileWith, SECRETS } from '../support/config-text.ts'
import { freePort } from '../support/free-port.ts'
import { gatewayConfig } from '../support/gateway.ts'
import { startHttp } from '../support/http-server.ts'
import { buildBundle, entryCommand } from '../support/image.ts'
import { startOidcProvider } from '../support/oidc-provider.ts'
import { emptyDatabase } from '../support/postgres.ts'
import { startForwardProxy } from '../support/proxy.ts'

/** Reads what the gateway writes until it says that it is ready. */
async function untilReady(stderr: Readable): Promise<void> {
  let text = ''
  for await (const more of stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += more
    if (/ info ready$/m.test(text)) {
      stderr.resume()
      return
    }
  }
  throw new Error(`the gateway ended before it was ready: ${text}`)
}

test('the entry command of the image serves from the bundle alone, and ends with 0 when told to', async t => {
  await using bundle = await buildBundle()
  await using database = await emptyDatabase()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  await using idp = await startOidcProvider({ redirectUri: `${url}/oauth/callback` })
  const config = join(bundle.folder, 'gateway.yaml')
  const upstreamUrls = ['https://api.anthropic.com']
  await writeFile(
    config,
    gatewayConfig({ port, issuer: idp.issuer, databaseUrl: database.tcpUrl, upstreamUrls }),
  )
  const { command, words, env } = entryCommand(bundle.folder, config)

  const gateway = spawn(command, words, {
    cwd: bundle.folder,
    env: { ...env, CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.after(() => gateway.kill('SIGKILL'))
  const ended = once(gateway, 'exit')
  await untilReady(gateway.stderr)
  const paths = ['/healthz', '/readyz', '/.well-known/oauth-authorization-server', '/protocol']
  const answers = await Promise.all(paths.map(path => fetch(url + path)))
  const [, , discovery, protocol] = await Promise.all(answers.map(answer => answer.text()))
  const codes = await fetch(`${url}/oauth/device_authorization`, {
    method: 'POST',
    body: new URLSearchParams(),
  })
  gateway.kill('SIGTERM')
  const end = await ended

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  assert.equal(JSON.parse(discovery ?? '').issuer, url)
  assert.match(protocol ?? '', /^# /)
  assert.deepEqual([codes.status, typeof JSON.parse(await codes.text()).device_code], [200, 'string'])
  assert.deepEqual(end, [0, null])
})

test('the bundle tells its version, and that development mode needs the repository', async () => {
  await using bundle = await buildBundle()
  const main = join(bundle.folder, 'main.mjs')
  const run = promisify(execFile)

  const version = await run(process.execPath, [main, '--version'], { cwd: bundle.folder })

  assert.equal(version.stdout, `${manifest.version}\n`)
  await assert.rejects(run(process.execPath, [main], { cwd: bundle.folder }), {
    code: 1,
    stdout: '',
    stderr: 'gatehouse: development mode needs the repository: give --config FILE\n',
  })
})

test('what the bundle loads only when it is asked for is there', async t => {
  await using bundle = await buildBundle()
  const password = join(bundle.folder, 'password')
  await writeFile(password, 'x')
  const words = ['migrate', '--bootstrap', '--instance', 'p:r:i', '--role', 'r', '--user', 'bootstrap']
  const metadata = await startHttp((_request, response) => void response.writeHead(404).end())
  t.after(() => metadata.stop())
  // Nobody else is asked: without an account there is no token to go anywhere with.
  const env = { GCE_METADATA_HOST: `127.0.0.1:${metadata.port}`, HOME: bundle.folder }

  const call = promisify(execFile)(
    process.execPath,
    [join(bundle.folder, 'main.mjs'), ...words, '--password-file', password],
    { cwd: bundle.folder, env },
  )

  await assert.rejects(call, {
    code: 1,
    stderr: /the metadata server has no service account for this workload/,
  })
})

test('the bundle loads what reads Secret Manager, which asks for a secret by its name', async t => {
  await using bundle = await buildBundle()
  await using proxy = await startForwardProxy(socket => void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
  const metadata = await startHttp((_request, response) => {
    response.setHeader('metadata-flavor', 'Google')
    response.end('{"access_token":"ya29.token","expires_in":3599,"token_type":"Bearer"}')
  })
  t.after(() => metadata.stop())
  const config = join(bundle.folder, 'gateway.yaml')
  const secret = '${secret:projects/acme/secrets/jwt/versions/1}'
  await writeFile(config, fileWith({ session: `session: { jwt_secret: "${secret}" }` }))
  const env = {
    ...{ ...SECRETS, HOME: bundle.folder, CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' },
    ...{ GCE_METADATA_HOST: `127.0.0.1:${metadata.port}`, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` },
  }

  const start = promisify(execFile)(process.execPath, [join(bundle.folder, 'main.mjs'), '--config', config], {
    cwd: bundle.folder,
    env,
  })

  await assert.rejects(start, {
    code: 1,
    stderr: /session\.jwt_secret \(from \$\{secret:projects\/acme\/secrets\/jwt\/versions\/1\}\)/,
  })
  assert.deepEqual(
    [...new Set(proxy.requests.map(({ authority }) => authority))],
    ['secretmanager.googleapis.com:443'],
  )
})
