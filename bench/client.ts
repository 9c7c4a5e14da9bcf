// The load: a process of its own that sends prepared requests in closed loops and reports what they took.
import { Connection } from './connection.ts'

/** Asked by the bench: `connections` loops share `requests` exchanges. */
export interface LoadOrder {
  readonly port: number
  /** The whole request as base64, head and body. */
  readonly request: string
  readonly connections: number
  readonly requests: number
}

export interface LoadResult {
  readonly seconds: number
  readonly firstByteMs: readonly number[]
  readonly totalMs: readonly number[]
  readonly failures: readonly string[]
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const request = Buffer.from(order.request, 'base64')
  const firstByteMs: number[] = []
  const totalMs: number[] = []
  const failures: string[] = []
  let left = order.requests
  const started = performance.now()
  const loop = async () => {
    const connection = new Connection(order.port)
    while (left > 0) {
      left -= 1
      try {
        const exchange = await connection.send(request)
        if (exchange.status !== 200) failures.push(`status ${exchange.status}`)
        firstByteMs.push(exchange.firstByteMs)
        totalMs.push(exchange.totalMs)
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error))
      }
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: order.connections }, loop))
  return {
    seconds: (performance.now() - started) / 1000,
    firstByteMs,
    totalMs,
    failures: failures.slice(0, 20),
  }
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    result => process.send?.(result),
    (error: unknown) => {
      throw error
    },
  )
})
process.on('disconnect', () => process.exit(0))
