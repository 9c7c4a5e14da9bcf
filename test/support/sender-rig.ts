// The sender of the gateway's own telemetry over real sockets, with a clock that the test moves.
import { openNetwork } from '../../app/net/network.ts'
import {
  createOtlpSender,
  type OtlpSender,
  type OtlpSenderOptions,
} from '../../app/observability/otlp-sender.ts'
import { type ManualTicker, manualTicker } from './manual-ticker.ts'
import { recordLog } from './recorded-log.ts'

export interface SenderUnderTest extends OtlpSender, AsyncDisposable {
  readonly log: ReturnType<typeof recordLog>
  readonly ticker: ManualTicker
  /** What was lost, as `signal items`. */
  readonly lost: readonly string[]
}

export function startSender(
  config: OtlpSenderOptions['config'],
  {
    token = null,
    allowLoopback = true,
  }: Partial<Pick<OtlpSenderOptions, 'token'>> & { allowLoopback?: boolean } = {},
): SenderUnderTest {
  const log = recordLog()
  const ticker = manualTicker()
  const network = openNetwork({ allowLoopback })
  const lost: string[] = []
  const sender = createOtlpSender({
    ...{ config, token, log, ticker, clock: ticker.clock, wallClock: Date.now, version: '9.9.9' },
    dispatcher: network.dispatcher({ purpose: 'telemetry', name: 'own' }),
    dropped: (signal, items) => void lost.push(`${signal} ${items}`),
  })
  return {
    ...{ log, ticker, lost },
    send: (signal, body, items) => sender.send(signal, body, items),
    stop: ms => sender.stop(ms),
    async [Symbol.asyncDispose]() {
      await sender.stop(0)
      await network.close()
    },
  }
}
