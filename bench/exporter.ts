// The telemetry of a company's terminals: a process that posts exports at a steady pace until it is told to stop.
import { Connection } from './connection.ts'

/** Asked by the bench. */
export interface ExportOrder {
  readonly port: number
  /** The whole request as base64. */
  readonly request: string
  readonly perSecond: number
}

export interface ExportResult {
  readonly sent: number
  /** Answers that were no 200, and broken connections. */
  readonly failures: number
}

let timer: NodeJS.Timeout | undefined
let result = { sent: 0, failures: 0 }
let spare: Connection[] = []

function begin({ port, request, perSecond }: ExportOrder): void {
  const bytes = Buffer.from(request, 'base64')
  result = { sent: 0, failures: 0 }
  timer = setInterval(() => {
    const connection = spare.pop() ?? new Connection(port)
    connection.send(bytes).then(
      ({ status }) => {
        result.sent += 1
        if (status !== 200) result.failures += 1
        spare.push(connection)
      },
      () => {
        result.failures += 1
      },
    )
  }, 1000 / perSecond)
}

process.on('message', (order: ExportOrder | 'stop') => {
  if (order !== 'stop') return begin(order)
  clearInterval(timer)
  for (const connection of spare) connection.close()
  spare = []
  process.send?.(result satisfies ExportResult)
})
process.on('disconnect', () => process.exit(0))
