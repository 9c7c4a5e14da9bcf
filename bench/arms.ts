import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startGatehouse } from './gatehouse.ts'
import { NGINX, nginxCommand } from './nginx.ts'
import { portkeyCommand } from './portkey.ts'
import { spawnOn, stop } from './process.ts'

/** One way from the load to the upstream. */
export interface Arm {
  readonly name: 'direct' | 'nginx' | 'portkey' | 'gatehouse'
  readonly port: number
  readonly headers: Readonly<Record<string, string>>
  /** Absent on the direct way: no process stands between. */
  readonly process?: ChildProcess
  close(): Promise<void>
}

/** The gateway under test runs here; load, upstream and database share the other core. */
const GATEWAY_CORE = 0

/** A port that was free a moment ago; other programs take their port by number. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0))
    })
  })
}

/** Starts the named arms; one that cannot run here is left out with a sentence on stderr. */
export async function startArms(
  names: readonly string[],
  upstreamPort: number,
  folder: string,
): Promise<Arm[]> {
  const arms: Arm[] = []
  if (names.includes('direct')) {
    arms.push({ name: 'direct', port: upstreamPort, headers: {}, close: async () => {} })
  }
  if (names.includes('nginx') && NGINX === undefined) console.error('nginx is not installed: arm left out')
  if (names.includes('nginx') && NGINX !== undefined) {
    const port = await freePort()
    arms.push(
      program('nginx', port, nginxCommand(join(folder, 'nginx'), { listen: port, upstream: upstreamPort })),
    )
  }
  if (names.includes('portkey')) {
    const port = await freePort()
    const arm = program('portkey', port, portkeyCommand(join(folder, 'portkey'), port))
    arms.push({
      ...arm,
      headers: {
        'x-portkey-provider': 'anthropic',
        'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
        'x-api-key': 'bench',
      },
    })
  }
  if (names.includes('gatehouse'))
    arms.push(await startGatehouse({ core: GATEWAY_CORE, upstreamPort, folder }))
  return arms
}

function program(name: 'nginx' | 'portkey', port: number, command: readonly string[]): Arm {
  const child = spawnOn(GATEWAY_CORE, command)
  return { name, port, headers: {}, process: child, close: () => stop(child) }
}
