// The relay over real sockets, with a clock that the test moves.
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { GatehouseSection, type TelemetryQueueConfig } from '../../app/config/gatehouse.ts'
import { TelemetrySection } from '../../app/config/telemetry.ts'
import { openNetwork } from '../../app/net/network.ts'
import type { CollectorToken } from '../../app/otlp/collector.ts'
import type { Destination } from '../../app/telemetry/destination.ts'
import { openRelay, type Relay } from '../../app/telemetry/relay.ts'
import { recordLog } from './recorded-log.ts'

export interface RelayUnderTest extends Relay, AsyncDisposable {
  readonly log: ReturnType<typeof recordLog>
  readonly destinations: readonly Destination[]
  /** Moves the clock; what is due then happens. */
  advance(ms: number): void
  tick(): void
  /** Resolves once nothing is being sent. */
  settled(): Promise<void>
  /** Resolves once nothing is being sent, and the callbacks have run. */
  idle(): Promise<void>
  /** Moves the clock until nothing waits and nothing is being sent, to a collector that answers. */
  drained(): Promise<void>
}

type Destinations = readonly Readonly<Record<string, unknown>>[]

export function startRelay(
  forward_to: Destinations,
  bounds: Partial<TelemetryQueueConfig> = {},
  { allowLoopback = true, token }: { allowLoopback?: boolean; token?: CollectorToken } = {},
): RelayUnderTest {
  const log = recordLog()
  const network = openNetwork({ allowLoopback })
  let now = 1_000_000
  const relay = openRelay({
    telemetry: TelemetrySection.parse({ forward_to }),
    bounds: { ...GatehouseSection.parse({}).telemetry, ...bounds },
    ...{ network, log, version: '9.9.9', clock: () => now, wallClock: () => now, tickMs: 3_600_000 },
    googleToken: () => token ?? { get: () => 'token', refused: () => {} },
  })
  // The rig drives the same objects as the relay's own timer would.
  const destinations = relay.destinations as readonly Destination[]
  const isIdle = () => destinations.every(({ pending }) => pending.underWay === 0)
  const rig: RelayUnderTest = {
    ...relay,
    ...{ log, destinations },
    tick: () => {
      for (const destination of destinations) destination.tick(now)
    },
    advance(ms) {
      now += ms
      rig.tick()
    },
    async settled() {
      while (!isIdle()) await turn()
    },
    async idle() {
      await rig.settled()
      await turn()
    },
    async drained() {
      for (;;) {
        await rig.idle()
        if (destinations.every(({ pending }) => pending.queued + pending.underWay === 0)) return
        rig.advance(1000)
      }
    },
    async [Symbol.asyncDispose]() {
      await relay.stop(0)
      await network.close()
    },
  }
  return rig
}

/** An export without its body. */
export const EXPORT = {
  signal: 'metrics',
  contentType: 'application/x-protobuf',
  contentEncoding: undefined,
} as const

/** Hands `count` exports of `bytes` bytes over. */
export function offer(relay: RelayUnderTest, count: number, bytes = 10): void {
  for (let index = 0; index < count; index += 1) relay.accept({ ...EXPORT, body: Buffer.alloc(bytes, index) })
}

/** The sums of the one account, which must always add up. */
export function account(relay: RelayUnderTest) {
  const [only] = relay.ledger.accounts()
  const [destination] = relay.destinations
  assert.ok(only && destination)
  const dropped = Object.values(only.dropped).reduce((sum, count) => sum + count, 0)
  const { queued, underWay } = destination.pending
  assert.equal(only.received, only.forwarded + dropped + queued + underWay)
  return { forwarded: only.forwarded, dropped: only.dropped }
}
