import type { Arm } from './arms.ts'
import { forkOn, nextMessage, stop } from './process.ts'
export async function startGatehouse({
  core,
  upstreamPort,
}: {
  core: number
  upstreamPort: number
  folder: string
}): Promise<Arm> {
  const { spawn } = await import('node:child_process')
  const child = spawn(
    'taskset',
    [
      '-c',
      String(core),
      process.execPath,
      '--import',
      new URL('loop-delay.ts', import.meta.url).href,
      ...(process.env['GW_ARGS']?.split(' ') ?? []),
      '/tmp/perf/gw.ts',
      String(upstreamPort),
    ],
    {
      stdio: ['ignore', 'inherit', (await import('node:fs')).openSync('/tmp/perf/gw.log', 'w'), 'ipc'],
      serialization: 'json',
    },
  )
  const { port, token } = await nextMessage<{ port: number; token: string }>(child)
  return {
    name: 'gatehouse',
    port,
    headers: { authorization: `Bearer ${token}` },
    process: child,
    close: () => stop(child),
  }
}
