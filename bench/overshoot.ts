// How far a fleet of parallel requests of one developer gets above their cap, with reservations and without: two gateway
// processes, one database, one cap. The fleet comes again until nobody of it is served, so that the cap is used up. Who is served
// unseen is so because the machine is too busy to answer the gate in time; such a run says nothing of reservations.
//
// usage: node bench/overshoot.ts [--fleet 500] [--cap 10] [--answer-ms 300]      --cap in cents
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startIdentityProvider } from '../app/development/identity-provider.ts'
import { startPostgres } from '../app/development/postgres.ts'
import { createKeyring } from '../app/session/keyring.ts'
import { createTokens } from '../app/session/token.ts'
import { freePort } from './arms.ts'
import { stop } from './process.ts'

const { values } = parseArgs({
  options: {
    fleet: { type: 'string', default: '500' },
    cap: { type: 'string', default: '10' },
    'answer-ms': { type: 'string', default: '300' },
  },
})
const fleet = Number(values.fleet)
const capCents = Number(values.cap)
const answerMs = Number(values['answer-ms'])

const JWT_SECRET = 'a signing secret that only the bench knows'
const CLIENT = { clientId: 'bench', clientSecret: 'a client secret of the bench' }
const MODEL = 'claude-haiku-4-5-20251001'
/** Each answer costs 0.24 cents: 1200 tokens at 1 USD and 240 at 5 USD per million. */
const USAGE = { input_tokens: 1200, output_tokens: 240 }
const COST_NANO = 2_400_000
const CENT_NANO = 10_000_000
/** The body is about as long as the tokens that it is billed for, four bytes each. */
const BODY = JSON.stringify({
  ...{ model: MODEL, max_tokens: 240 },
  messages: [{ role: 'user', content: 'a question '.repeat(450) }],
})
/** Waves after which a fleet that is still served is a fault of the bench or of the gateway. */
const MAX_WAVES = 50

const KNOWN = new Set(['served', 'served unseen', 'rate_limit_error', 'billing_error'])

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-overshoot-'))
const upstream = createServer((request, response) => {
  request.resume().on('end', () => {
    const body = {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      model: MODEL,
      content: [],
      usage: USAGE,
    }
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }, answerMs)
  })
})
upstream.listen(0, '127.0.0.1')
await once(upstream, 'listening')
const { port: upstreamPort } = upstream.address() as AddressInfo // a TCP server's address is one
const ports = [await freePort(), await freePort()]
const publicUrl = `http://127.0.0.1:${ports[0]}`
const [postgres, idp] = await Promise.all([
  startPostgres({ folder: join(folder, 'postgres'), persistent: false }),
  startIdentityProvider({ ...CLIENT, redirectUri: `${publicUrl}/oauth/callback`, people: [] }),
])
const tokens = createTokens({
  ...{ keyring: createKeyring([JWT_SECRET]), issuer: publicUrl, ttlHours: 1, clock: Date.now },
})
const database = new pg.Pool({ connectionString: postgres.url, max: 1 })

try {
  console.log(`${fleet} requests at once, cap ${capCents} cents, one request ${COST_NANO / CENT_NANO} cents`)
  console.log(
    'reservations  waves  served  unseen  refused for holds  refused for the cap  most at once  overshoot in requests',
  )
  for (const reserve of [false, true]) console.log(await measured(reserve))
} finally {
  await database.end()
  await idp[Symbol.asyncDispose]()
  await postgres.stop()
  upstream.closeAllConnections()
  upstream.close()
  rmSync(folder, { recursive: true, force: true })
}

async function measured(reserve: boolean): Promise<string> {
  const name = reserve ? 'on' : 'off'
  const gateways = ports.map(port => startGateway(`${name}-${port}`, { port, reserve }))
  try {
    for (const port of ports) await ready(port)
    await database.query(
      `insert into spend_limits (id, scope_type, scope_id, period, amount, created_by)
       values ('spl_' || md5(random()::text), 'user', $1, 'monthly', $2, 'bench')`,
      [name, capCents],
    )
    const { token } = await tokens.mint({ sub: name, email: `${name}@example.com`, groups: [] }, name)
    const total = { served: 0, unseen: 0, held: 0, spent: 0 }
    let waves = 0
    let mostServed = 0
    for (let served = 1; served > 0 && waves < MAX_WAVES; waves += 1) {
      const answers = await Promise.all(
        Array.from({ length: fleet }, (_, turn) => ask(ports[turn % 2]!, token)),
      )
      const unseen = answers.filter(answer => answer === 'served unseen').length
      served = unseen + answers.filter(answer => answer === 'served').length
      total.unseen += unseen
      mostServed = Math.max(mostServed, served)
      total.served += served
      total.held += answers.filter(answer => answer === 'rate_limit_error').length
      total.spent += answers.filter(answer => answer === 'billing_error').length
      const other = answers.find(answer => !KNOWN.has(answer))
      if (other !== undefined) throw new Error(`an answer of the fleet: ${other}`)
    }
    const over = (await spentNano(name)) - capCents * CENT_NANO
    return [
      name.padEnd(13),
      ...[String(waves).padEnd(6), String(total.served).padEnd(7), String(total.unseen).padEnd(7)],
      String(total.held).padEnd(18),
      ...[String(total.spent).padEnd(20), String(mostServed).padEnd(13), (over / COST_NANO).toFixed(2)],
    ].join(' ')
  } finally {
    await Promise.all(gateways.map(stop))
  }
}

function startGateway(name: string, { port, reserve }: { port: number; reserve: boolean }) {
  mkdirSync(folder, { recursive: true })
  const config = join(folder, `${name}.yaml`)
  writeFileSync(
    config,
    JSON.stringify({
      listen: { host: '127.0.0.1', port, public_url: publicUrl },
      oidc: { issuer: idp.issuer, client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
      session: { jwt_secret: JWT_SECRET },
      store: { postgres_url: postgres.url },
      upstreams: [
        {
          ...{ provider: 'anthropic', base_url: `http://127.0.0.1:${upstreamPort}` },
          auth: { api_key: 'bench' },
        },
      ],
      admin: {},
      gatehouse: { spend: { reserve } },
    }),
  )
  const main = new URL('../app/main.ts', import.meta.url).pathname
  return spawn(process.execPath, [main, '--config', config], {
    env: { ...process.env, CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' },
    stdio: ['ignore', 'ignore', openSync(join(folder, `${name}.log`), 'w')],
  })
}

async function ready(port: number): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null)
    if (answer?.ok) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('a gateway was not ready within twenty seconds')
}

/** `served`, `served unseen` when the gate found out nothing in its two seconds, or the type of the error. */
async function ask(port: number, token: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': 'bench' },
    body: BODY,
  })
  const answer = (await response.json()) as { error?: { type: string } } // the gateway's own, or the stand-in's above
  if (!response.ok) return `${answer.error?.type}`
  return response.headers.has('anthropic-ratelimit-unified-status') ? 'served' : 'served unseen'
}

async function spentNano(principal: string): Promise<number> {
  const { rows } = await database.query(
    `select nano_usd from spend where principal = $1 and period ~ '^\\d{4}-\\d{2}$'`,
    [principal],
  )
  return Number(rows[0]?.nano_usd ?? 0)
}
