// Opens many slow streams at once and reports how many stood open together and how many ended whole.
import { connect } from 'node:net'

export interface StreamOrder {
  readonly port: number
  readonly request: string
  readonly streams: number
  /** How long one stream lasts; the report comes after the last one has ended. */
  readonly seconds: number
}

export interface StreamResult {
  readonly opened: number
  readonly mostOpen: number
  readonly completed: number
  readonly failures: Readonly<Record<string, number>>
  /** Gaps between events, in ms, beyond the second that the upstream waits. */
  readonly gapJitterMs: readonly number[]
}

/** New connections started at once; the listen backlog is not what this bench is about. */
const CONNECTS_AT_ONCE = 200

async function run(order: StreamOrder): Promise<StreamResult> {
  const request = Buffer.from(order.request, 'base64')
  const failures: Record<string, number> = {}
  const gapJitterMs: number[] = []
  let opened = 0
  let open = 0
  let mostOpen = 0
  let completed = 0
  const fail = (reason: string) => {
    failures[reason] = (failures[reason] ?? 0) + 1
  }
  const stream = (started: () => void) =>
    new Promise<void>(resolve => {
      const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true })
      let sawHead = false
      let isWhole = false
      let last = 0
      socket.on('connect', () => socket.write(request))
      socket.on('data', (chunk: Buffer) => {
        const now = performance.now()
        if (!sawHead) {
          sawHead = true
          const status = chunk.toString('latin1', 9, 12)
          if (status !== '200') fail(`status ${status}`)
          opened += 1
          open += 1
          mostOpen = Math.max(mostOpen, open)
          started()
        } else if (last > 0 && gapJitterMs.length < 200_000) gapJitterMs.push(Math.max(0, now - last - 1000))
        last = now
        if (chunk.includes('message_stop')) isWhole = true
        if (chunk.subarray(-5).toString('latin1') === '0\r\n\r\n') socket.end()
      })
      socket.on('error', error => fail(error.message))
      socket.on('close', () => {
        started()
        if (sawHead) open -= 1
        if (isWhole) completed += 1
        else fail('ended before message_stop')
        resolve()
      })
    })
  const all: Promise<void>[] = []
  for (let first = 0; first < order.streams; first += CONNECTS_AT_ONCE) {
    const batch = Array.from(
      { length: Math.min(CONNECTS_AT_ONCE, order.streams - first) },
      () => new Promise<void>(resolve => all.push(stream(resolve))),
    )
    await Promise.all(batch)
  }
  process.send?.({ kind: 'all open' })
  await Promise.all(all)
  return { opened, mostOpen, completed, failures, gapJitterMs }
}

process.on('message', (order: StreamOrder) => {
  run(order).then(
    result => process.send?.({ kind: 'done', result }),
    (error: unknown) => {
      throw error
    },
  )
})
process.on('disconnect', () => process.exit(0))
