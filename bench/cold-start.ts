// How long the production bundle takes from its start to the first 200 of /healthz, with PostgreSQL and the
// identity provider up and the compile cache warmed as the image does it; and what it weighs then.
//
// usage: node bench/cold-start.ts [--rounds 10] [--core 0]
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startIdentityProvider } from '../app/development/identity-provider.ts'
import { startPostgres } from '../app/development/postgres.ts'
import { freePort } from './arms.ts'
import { residentMb, stop } from './process.ts'
import { quantile, spread } from './statistics.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, core: { type: 'string' } },
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
const config = join(folder, 'gateway.yaml')
writeFileSync(
  config,
  JSON.stringify({
    listen: { host: '127.0.0.1', port },
    oidc: { issuer: idp.issuer, client_id: client.clientId, client_secret: client.clientSecret },
    session: { jwt_secret: 'a signing secret that only the bench knows' },
    store: { postgres_url: postgres.url },
    upstreams: [{ provider: 'anthropic', auth: { api_key: 'bench' } }],
  }),
)

const starts: number[] = []
const works: number[] = []
const weights: number[] = []
try {
  await start() // creates the schema, which a cold start finds
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const { ms, cpuMs, megabytes } = await start()
    starts.push(ms)
    works.push(cpuMs)
    weights.push(megabytes)
  }
  const { q1, median, q3 } = spread(starts)
  const [low, most] = [Math.min(...starts), Math.max(...starts)].map(Math.round)
  console.log(
    `exec to /healthz 200: median ${median.toFixed(0)} ms (quartiles ${q1.toFixed(0)} to ${q3.toFixed(0)}, ${low} to ${most}, n = ${starts.length})`,
  )
  console.log(`CPU time until then, all threads: median ${quantile(works, 0.5).toFixed(0)} ms`)
  console.log(`resident once it answers: median ${quantile(weights, 0.5).toFixed(0)} MB`)
} finally {
  await idp[Symbol.asyncDispose]()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function start(): Promise<{ ms: number; cpuMs: number; megabytes: number }> {
  const pin = values.core === undefined ? [] : ['taskset', '-c', values.core]
  const [command = '', ...words] = [...pin, process.execPath, join(bundle, 'main.mjs'), '--config', config]
  const began = performance.now()
  const child = spawn(command, words, { env, stdio: 'ignore' })
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
