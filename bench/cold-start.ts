// How long the production bundle takes from its start to the first 200 of /healthz, with PostgreSQL and the
// identity provider up and the compile cache warmed as the image does it; and what it weighs then. Two set-ups take
// turns: a plain file, and what Cloud Run gives a service whose groups Google knows.
//
// usage: node bench/cold-start.ts [--rounds 10] [--core 0]
//        unshare --mount node bench/cold-start.ts --read-only      as root: the program's folder cannot be written
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { startIdentityProvider } from '../app/development/identity-provider.ts'
import { startPostgres } from '../app/development/postgres.ts'
import { freePort } from './arms.ts'
import { residentMb, stop } from './process.ts'
import { quantile, shuffled, spread } from './statistics.ts'

const { values } = parseArgs({
  options: {
    ...{ rounds: { type: 'string', default: '10' }, core: { type: 'string' } },
    'read-only': { type: 'boolean', default: false },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cold-start-'))
const bundle = join(folder, 'app')
const env = {
  ...process.env,
  CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1',
  NODE_ENV: 'production',
  NODE_COMPILE_CACHE: join(bundle, '.cache'),
}
const client = { clientId: 'bench', clientSecret: 'a client secret of the bench' }

execFileSync(process.execPath, [join(import.meta.dirname, '../tools/bundle.ts'), bundle], {
  stdio: 'inherit',
})
execFileSync(process.execPath, [join(bundle, 'main.mjs'), '--version'], { env, stdio: 'ignore' })
const port = await freePort()
const postgres = await startPostgres({ folder: join(folder, 'postgres'), persistent: false })
const redirectUri = `http://127.0.0.1:${port}/oauth/callback`
const idp = await startIdentityProvider({ ...client, redirectUri, people: [] })
const sections = {
  oidc: { issuer: idp.issuer, client_id: client.clientId, client_secret: client.clientSecret },
  session: { jwt_secret: 'a signing secret that only the bench knows' },
  store: { postgres_url: postgres.url },
  upstreams: [{ provider: 'anthropic', auth: { api_key: 'bench' } }],
}

interface Setup {
  readonly name: string
  readonly config: string
  readonly env: Readonly<Record<string, string | undefined>>
}

const SETUPS: readonly Setup[] = [
  {
    name: 'a plain file',
    config: written('plain/gateway.yaml', { listen: { host: '127.0.0.1', port }, ...sections }),
    env,
  },
  {
    name: 'Cloud Run, groups',
    config: written('etc/claude/gateway.yaml', {
      ...sections,
      listen: {
        ...{ host: '0.0.0.0', port: '${PORT}', trusted_proxies: ['169.254.0.0/16'] },
        public_url: `http://127.0.0.1:${port}`,
      },
      access_control: { allow_cidrs: ['10.0.0.0/8', '127.0.0.0/8'] },
      gatehouse: {
        google_groups: {
          mode: 'service_account_role',
          service_account: 'directory@bench-project.iam.gserviceaccount.com',
        },
      },
    }),
    // Nothing of this machine's but the path: what the platform sets, and what the stack does.
    env: {
      ...{ PATH: process.env['PATH'], NODE_ENV: 'production', NODE_COMPILE_CACHE: join(bundle, '.cache') },
      ...{
        PORT: String(port),
        K_SERVICE: 'gatehouse',
        K_REVISION: 'gatehouse-00001-abc',
        K_CONFIGURATION: 'gatehouse',
      },
      ...{ CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS: '8000', GOOGLE_CLOUD_PROJECT: 'bench-project' },
      CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1',
    },
  },
]

if (values['read-only']) {
  execFileSync('/bin/mount', ['--bind', bundle, bundle])
  execFileSync('/bin/mount', ['--options', 'remount,ro,bind', bundle])
}
try {
  const kilobytes = (pattern: string) =>
    Math.round(
      globSync(pattern, { cwd: bundle }).reduce((sum, file) => sum + statSync(join(bundle, file)).size, 0) /
        1000,
    )
  console.log(`main.mjs ${kilobytes('main.mjs')} KB, loaded when asked ${kilobytes('chunks/*.mjs')} KB`)
  for (const setup of SETUPS) await start(setup) // the first creates the schema, which a cold start finds
  const starts = new Map(SETUPS.map(setup => [setup, [] as Start[]]))
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const setup of shuffled(SETUPS)) starts.get(setup)?.push(await start(setup))
  }
  console.log('set-up             exec to /healthz 200, ms [q1 q3]  min max    CPU ms, all threads  RSS MB')
  for (const [{ name }, all] of starts) console.log(row(name, all))
} finally {
  if (values['read-only']) execFileSync('/bin/umount', [bundle])
  await idp[Symbol.asyncDispose]()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}

interface Start {
  readonly ms: number
  readonly cpuMs: number
  readonly megabytes: number
}

function row(name: string, starts: readonly Start[]): string {
  const { q1, median, q3 } = spread(starts.map(({ ms }) => ms))
  const all = starts.map(({ ms }) => ms)
  const middle = (key: 'cpuMs' | 'megabytes') =>
    quantile(
      starts.map(start => start[key]),
      0.5,
    ).toFixed(0)
  return [
    name.padEnd(18),
    `${median.toFixed(0)} [${q1.toFixed(0)} ${q3.toFixed(0)}]`.padEnd(33),
    `${Math.min(...all).toFixed(0)} ${Math.max(...all).toFixed(0)}`.padEnd(10),
    middle('cpuMs').padEnd(20),
    middle('megabytes'),
  ].join(' ')
}

function written(path: string, config: object): string {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(config))
  return file
}

async function start({ config, env }: Setup): Promise<Start> {
  const pin = values.core === undefined ? [] : ['taskset', '-c', values.core]
  const [command = '', ...words] = [...pin, process.execPath, join(bundle, 'main.mjs'), '--config', config]
  const began = performance.now()
  const child = spawn(command, words, { env, cwd: '/', stdio: 'ignore' })
  while (!(await isAnswering())) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with code ${child.exitCode}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  const ms = performance.now() - began
  const cpuMs = cpuMsOf(child.pid ?? 0)
  const megabytes = residentMb(child.pid ?? 0)
  await stop(child)
  return { ms, cpuMs, megabytes }
}

async function isAnswering(): Promise<boolean> {
  const asked = request({ port, host: '127.0.0.1', path: '/healthz', agent: false }).end()
  const answer = await Promise.race([once(asked, 'response'), once(asked, 'error')]).catch(() => null)
  asked.destroy()
  return answer !== null && answer[0].statusCode === 200
}

/** CPU time of all threads, from the scheduler, which counts finer than clock ticks. */
function cpuMsOf(pid: number): number {
  const times = readdirSync(`/proc/${pid}/task`).map(task =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]),
  )
  return times.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6
}
