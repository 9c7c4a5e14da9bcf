// Whether a cloud's metadata server answers this process. Without Google collectors nothing here needs it, and a
// program that can reach it can ask for the machine's credentials.
import { connect } from 'node:net'

/** The address that AWS, Google, Azure and most other clouds serve metadata on. */
const METADATA_SERVER = { host: '169.254.169.254', port: 80 } as const

const PROBE_MS = 1_000

/** Reports whether something accepts connections there, within a second; no byte is sent. */
export function reachesMetadata(server: { host: string; port: number } = METADATA_SERVER): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(server)
  const settle = (isReachable: boolean) => {
    clearTimeout(timer)
    socket.destroy()
    resolve(isReachable)
  }
  const timer = setTimeout(settle, PROBE_MS, false)
  socket.once('connect', () => settle(true)).once('error', () => settle(false))
  return promise
}
