// The program as an operator calls it, in a process that may open no socket and look up no name.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { SECRETS } from './config-text.ts'

/** Loaded before the program: whatever would leave the process ends it. */
const DENY = `data:text/javascript,${encodeURIComponent(`
  import dgram from 'node:dgram'
  import dns from 'node:dns'
  import net from 'node:net'
  import { syncBuiltinESMExports } from 'node:module'
  const denied = () => process.exit(99)
  net.Socket.prototype.connect = denied
  net.Server.prototype.listen = denied
  dgram.Socket.prototype.bind = denied
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) dns[name] = dns.promises[name] = denied
  syncBuiltinESMExports()
`)}`

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** Runs the program with the network denied. */
export function run(argv: readonly string[], variables: Record<string, string> = SECRETS): Promise<Outcome> {
  const program = join(import.meta.dirname, '../../app/main.ts')
  const env = { PATH: process.env['PATH'] ?? '', ...variables }
  return new Promise(resolve => {
    execFile(process.execPath, [`--import=${DENY}`, program, ...argv], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
