// A gateway's life full of secrets: every way in and every failure, with everything recorded that came out.
import type { Pool } from 'pg'
import { approveInBrowser, comeBack, pressContinue } from './browser.ts'
import { ClaudeClient } from './claude-client.ts'
import { freePort } from './free-port.ts'
import { serveGateway } from './gateway-process.ts'
import { startIdp } from './idp.ts'
import { oauthError, status } from './idp-faults.ts'
import { CLIENT } from './idp-manners.ts'
import { MARKED_ASK, MARKED_PERSON, markedUpstream, SCENE_NAMES } from './marked-traffic.ts'
import { createDatabase } from './postgres.ts'
import { exchangeOpen } from './raw-http.ts'
import { approveAtIdp } from './sign-in.ts'
import { startTcpProxy } from './tcp-proxy.ts'
import { startUpstream, type TestUpstream } from './upstream.ts'

export interface MarkedLife {
  readonly stderr: string
  readonly stdout: string
  /** All rows of all tables but the one that remembers people, at several moments. */
  readonly tables: string
  /** All that the gateway answered, head and body. */
  readonly replies: string
  readonly upstream: TestUpstream
  /** What it held, by name. */
  readonly secrets: Readonly<Record<string, readonly string[]>>
}

/** Lives it, with this log format, and ends in order. */
export async function liveMarkedLife(log_format: 'text' | 'json'): Promise<MarkedLife> {
  await using database = await createDatabase()
  await using store = await startTcpProxy(database.tcpUrl)
  await using upstream = await startUpstream(markedUpstream)
  const port = await freePort()
  let replies = ''
  await using front = await startTcpProxy(`http://127.0.0.1:${port}`, bytes => {
    replies += bytes.toString('latin1')
  })
  const public_url = `http://127.0.0.1:${front.port}`
  await using idp = await startIdp({
    ...{ redirectUri: `${public_url}/oauth/callback`, refreshToken: 'rotating' },
    iss: issuer => [issuer],
  })
  idp.person = MARKED_PERSON
  await using gateway = serveGateway(
    {
      ...{
        port,
        issuer: idp.issuer,
        databaseUrl: store.through(database.tcpUrl),
        upstreamUrls: [upstream.origin],
      },
      sections: {
        listen: { host: '127.0.0.1', port, public_url },
        oidc: { issuer: idp.issuer, ...CLIENT, allowed_groups: ['engineering'] },
        gatehouse: { log_format, session: { revoke_at_idp: true } },
        rate_limits: { device_verify: { max: 1000, window_seconds: 600 } },
      },
    },
    { variables: { CLAUDE_GATEWAY_LOG_LEVEL: 'debug' } },
  )
  await gateway.line('ready')
  await using terminal = new ClaudeClient({ gatewayUrl: public_url, wait: () => passTime(database.pool) })
  const life = {
    public_url,
    terminal,
    idp,
    store,
    pool: database.pool,
    tables: [] as string[],
    tokens: [] as string[],
  }

  const prompt = await refusedSignIns(life)
  await approveInBrowser(prompt)
  life.tables.push(await dump(database.pool))
  const end = await terminal.poll(prompt)
  if (end.kind !== 'signed_in') throw new Error(end.message)
  const { access_token, refresh_token = '' } = end.tokens
  await work(public_url, access_token)
  await renewals(life, refresh_token)
  await outage(life, { access_token, refresh_token, device_code: prompt.device_code })
  await terminal.logout(end.tokens)
  await ask(public_url, access_token)
  life.tables.push(await dump(database.pool))
  gateway.signal('SIGTERM')
  await gateway.exited

  const forms = (name: string) => idp.requests.flatMap(({ form }) => form.getAll(name))
  return {
    ...{ stderr: gateway.stderr, stdout: gateway.stdout, replies, upstream, tables: life.tables.join('\n') },
    secrets: {
      device_code: [prompt.device_code],
      user_code: [prompt.user_code, prompt.user_code.replace('-', '')],
      bearer: [access_token, ...life.tokens.filter(token => token.split('.').length === 3)],
      refresh_token: [refresh_token, ...life.tokens.filter(token => token.split('.').length === 5)],
      idp_refresh_token: [...idp.refreshTokens.keys(), ...idp.spentRefreshTokens, ...forms('refresh_token')],
      idp_access_token: [...idp.accessTokens.keys()],
      authorization_code: forms('code'),
      code_verifier: forms('code_verifier'),
      state: forms('state'),
      nonce: forms('nonce'),
      client_secret: [
        CLIENT.client_secret,
        new URLSearchParams({ s: CLIENT.client_secret }).toString().slice(2),
      ],
      database_password: [new URL(database.tcpUrl).password],
    },
  }
}

type Life = Readonly<{
  public_url: string
  terminal: ClaudeClient
  idp: Awaited<ReturnType<typeof startIdp>>
  store: Awaited<ReturnType<typeof startTcpProxy>>
  pool: Pool
  tables: string[]
  tokens: string[]
}>

/** Everything that can go wrong in a browser; answers a prompt that still waits. */
async function refusedSignIns({ public_url, terminal, idp, pool }: Life) {
  for (const faults of [
    { token: oauthError('invalid_grant', { description: 'marked-idp-text' }) },
    { token: status(500, 'marked-idp-text') },
  ]) {
    idp.manners.faults = faults
    await approveInBrowser(await terminal.begin())
  }
  idp.manners.faults = {}
  idp.person = { ...MARKED_PERSON, groups: ['marked-group-of-others'] }
  await approveInBrowser(await terminal.begin())
  idp.person = { ...MARKED_PERSON, email_verified: false }
  await approveInBrowser(await terminal.begin())
  idp.person = MARKED_PERSON
  idp.manners.signature = 'forged'
  await approveInBrowser(await terminal.begin())
  idp.manners.signature = 'honest'

  const prompt = await terminal.begin()
  await fetch(`${public_url}/device?user_code=${prompt.user_code}`)
  await fetch(`${public_url}/device`, {
    method: 'POST',
    body: new URLSearchParams({ user_code: prompt.user_code }),
  })
  const { location, cookie } = await pressContinue(prompt)
  const state = new URL(location).searchParams.get('state') ?? ''
  const refusal = `error=access_denied&error_description=marked-idp-text&state=${state}`
  await comeBack(`${public_url}/oauth/callback?${refusal}`, { cookie })
  const callback = await approveAtIdp(location)
  await comeBack(callback, { cookie: 'gw_dev=marked-cookie' })
  await comeBack(callback.replace('state=', 'state=marked-state'), { cookie })
  await passTime(pool)
  return prompt
}

/** Requests for inference that end in every way, and requests that never get that far. */
async function work(url: string, bearer: string): Promise<void> {
  for (const scene of SCENE_NAMES) {
    const stream = ['stream', 'cut', 'error_event'].includes(scene)
    await ask(url, bearer, { ...MARKED_ASK, stream, metadata: { user_id: scene } })
  }
  await ask(url, bearer, { ...MARKED_ASK, model: 'claude-nobody-serves' })
  await ask(url, bearer, '{"model":"claude-sonnet-5","messages":[{"content":"marked-prompt')
  await ask(url, bearer, '{"model":"claude-sonnet-5","model":"marked-prompt"}')
  await ask(url, 'marked-bearer.marked-bearer.marked-bearer')
  await ask(url, `${bearer}x`)
  const { port } = new URL(url)
  const head = 'Host: g\r\nx-marked: marked-header\r\nConnection: close\r\n'
  await exchangeOpen(Number(port), `GET /nowhere?token=marked-query HTTP/1.1\r\n${head}\r\n`)
  await exchangeOpen(Number(port), `GET / HTTP/1.1\r\n${head}marked-header marked-header\r\n\r\n`)
}

async function renewals({ terminal, idp, pool, tokens }: Life, first: string): Promise<void> {
  const renewed = JSON.parse((await terminal.refresh(first)).body)
  tokens.push(renewed.access_token, renewed.refresh_token)
  await pool.query(`update session_refresh set shared_at = shared_at - interval '100 seconds'`)
  await terminal.refresh(first)
  await terminal.refresh('marked-refresh-token')
  for (const refresh of [
    status(500, 'marked-idp-text'),
    oauthError('invalid_client', { description: 'marked-idp-text' }),
    oauthError('invalid_grant', { description: 'marked-idp-text' }),
  ]) {
    idp.manners.faults = { refresh }
    await terminal.refresh(renewed.refresh_token)
  }
  idp.manners.faults = {}
}

/** The same with a database that is gone. */
async function outage(
  { terminal, store, public_url }: Life,
  held: Readonly<{ access_token: string; refresh_token: string; device_code: string }>,
): Promise<void> {
  store.cut()
  const grant = 'urn:ietf:params:oauth:grant-type:device_code'
  await fetch(`${public_url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: grant, device_code: held.device_code }),
  })
  await fetch(`${public_url}/oauth/device_authorization`, { method: 'POST', body: 'surface=claude_code' })
  await fetch(`${public_url}/readyz`)
  await terminal.refresh(held.refresh_token)
  await ask(public_url, held.access_token)
  store.resume()
}

async function ask(url: string, bearer: string, body: object | string = MARKED_ASK): Promise<void> {
  const response = await fetch(`${url}/v1/messages?beta=marked-query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'x-marked': 'marked-header', cookie: 'a=marked-cookie' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  await response.text().catch(() => '') // a stream that is cut
}

/** Every row of every table of ours, as text. */
async function dump(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    // `principal_emails` is the one table that may hold names, addresses and groups.
    `select table_name as name from information_schema.tables
      where table_schema = 'public' and table_name <> 'principal_emails'`,
  )
  const texts: string[] = []
  for (const { name } of rows) {
    const { rows: lines } = await pool.query<{ line: string }>(`select t::text as line from ${name} t`)
    texts.push(...lines.map(({ line }) => `${name} ${line}`))
  }
  return texts.join('\n')
}

async function passTime(pool: Pool): Promise<void> {
  await pool.query(`update device_grants set last_poll_at = last_poll_at - interval '10 seconds'`)
}
