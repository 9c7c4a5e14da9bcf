import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startIdentityProvider } from '../app/development/identity-provider.ts'
import { startPostgres } from '../app/development/postgres.ts'
import { createKeyring } from '../app/session/keyring.ts'
import { createTokens } from '../app/session/token.ts'
import { type Arm, freePort } from './arms.ts'
import { stop } from './process.ts'

const CLIENT = { clientId: 'bench', clientSecret: 'a client secret of the bench' }
const JWT_SECRET = 'a signing secret that only the bench knows'

export interface GatehouseOptions {
  readonly core: number
  readonly upstreamPort: number
  readonly folder: string
  /** Sections of the configuration beside those that every gateway has. */
  readonly sections?: Readonly<Record<string, unknown>>
}

/**
 * The gateway as production runs it: its own process, a config file, a real PostgreSQL and identity provider;
 * bearer check and audit on, the audit lines written to a file.
 */
export async function startGatehouse(options: GatehouseOptions): Promise<Arm> {
  const { sections = {} } = options
  const folder = join(options.folder, 'gatehouse')
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const [postgres, idp] = await Promise.all([
    startPostgres({ folder: join(folder, 'postgres'), persistent: false }),
    startIdentityProvider({ ...CLIENT, redirectUri: `${url}/oauth/callback`, people: [] }),
  ])
  const config = join(folder, 'gateway.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      listen: { host: '127.0.0.1', port },
      oidc: { issuer: idp.issuer, client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
      session: { jwt_secret: JWT_SECRET },
      store: { postgres_url: postgres.url },
      upstreams: [
        {
          ...{ provider: 'anthropic', base_url: `http://127.0.0.1:${options.upstreamPort}` },
          auth: { api_key: 'bench' },
        },
      ],
      ...sections,
    }),
  )
  const probe = new URL('loop-delay.ts', import.meta.url).href
  const main = new URL('../app/main.ts', import.meta.url).pathname
  const flags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean)
  const child = spawn(
    'taskset',
    ['-c', String(options.core), process.execPath, ...flags, '--import', probe, main, '--config', config],
    {
      env: { ...process.env, CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' },
      stdio: ['ignore', 'ignore', openSync(join(folder, 'gateway.log'), 'w'), 'ipc'],
    },
  )
  await ready(url, child)
  const tokens = createTokens({
    ...{ keyring: createKeyring([JWT_SECRET]), issuer: url, ttlHours: 1 },
    clock: Date.now,
  })
  const { token } = await tokens.mint(
    { sub: 'bench', email: 'bench@example.com', groups: ['bench'] },
    'bench',
  )
  return {
    ...{ name: 'gatehouse', port, process: child, headers: { authorization: `Bearer ${token}` } },
    async close() {
      await stop(child)
      await idp[Symbol.asyncDispose]()
      await postgres.stop()
    },
  }
}

async function ready(url: string, child: ReturnType<typeof spawn>): Promise<void> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the gateway ended with code ${code}; see gateway.log`)
  })
  ended.catch(() => {})
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const answer = await Promise.race([fetch(`${url}/readyz`).catch(() => null), ended])
    if (answer?.ok) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('the gateway was not ready within ten seconds')
}
