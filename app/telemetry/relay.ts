import type { TelemetryQueueConfig } from '../config/gatehouse.ts'
import type { TelemetryConfig } from '../config/telemetry.ts'
import type { Clock } from '../lib/clock.ts'
import { createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import { createTicker } from '../lib/ticker.ts'
import type { Network } from '../net/network.ts'
import type { CollectorToken } from '../otlp/collector.ts'
import { Destination } from './destination.ts'
import type { Export } from './export-queue.ts'
import { createLedger, type DropReason, type Ledger, type Signal } from './ledger.ts'

/** An export as a client sent it. */
export type ReceivedExport = Omit<Export, 'contentType'> & { readonly contentType: string | undefined }

/** Takes clients' telemetry, and brings it to the collectors of the operator. */
export interface Relay {
  /** Takes an export. Never throws and never waits. */
  accept(received: ReceivedExport): void
  /** Counts an export of `bytes` that was not kept, as too many were being received. */
  discard(signal: Signal, bytes: number): void
  /** What came in, for however many destinations; an export without a body is none. */
  readonly intake: Readonly<Record<Signal, Intake>>
  readonly ledger: Pick<Ledger, 'accounts'>
  readonly destinations: readonly Pick<Destination, 'name' | 'queuedBytes' | 'isPaused' | 'pending'>[]
  /** Sends what waits for at most `ms`; the rest is dropped and named. */
  stop(ms: number): Promise<void>
}

/** Exports of one signal that clients sent, and their bytes. */
export interface Intake {
  readonly exports: number
  readonly bytes: number
}

export interface RelayOptions {
  readonly telemetry: TelemetryConfig | undefined
  /** `gatehouse.telemetry`. */
  readonly bounds: TelemetryQueueConfig
  readonly network: Pick<Network, 'dispatcher'>
  /** The service's own Google credentials; asked for only where a destination needs them. */
  readonly googleToken: () => CollectorToken
  readonly version: string
  readonly log: Log
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** The time of day. */
  readonly wallClock: Clock
  /** Milliseconds between two looks at ages, pauses and repeats. Default 1000. */
  readonly tickMs?: number
}

/** What the accounts call the exports that were meant for no destination. */
const NOBODY = 'none'

const OVERFLOW = 'clients send more telemetry at one moment than is held: exports are thrown away'
const ODDITY = 'clients send telemetry of a type that is none of OTLP: exports are dropped'

/** Opens the relay; without destinations it takes exports and counts them. */
export function openRelay(options: RelayOptions): Relay {
  const { log, clock, wallClock } = options
  const ledger = createLedger()
  const destinations = (options.telemetry?.forward_to ?? []).map((config, index) => {
    const name = `${index}:${new URL(config.url).hostname}`
    return new Destination({
      ...{
        name,
        config,
        ledger,
        log,
        clock,
        wallClock,
        bounds: options.bounds,
        product: `gatehouse/${options.version}`,
      },
      dispatcher: options.network.dispatcher({ purpose: 'telemetry', name }),
      token: config.auth === undefined ? null : options.googleToken(),
    })
  })
  const ticker = createTicker({ clock, ...(options.tickMs !== undefined && { everyMs: options.tickMs }) })
  for (const destination of destinations) ticker.add(destination)
  const overflow = createCondition({ log, clock, text: OVERFLOW })
  const oddity = createCondition({ log, clock, text: ODDITY })
  const intake = { metrics: intakeOf(), logs: intakeOf(), traces: intakeOf() }
  return {
    ledger,
    destinations,
    intake,
    accept(received) {
      if (received.body.length === 0) return
      count(intake[received.signal], received.body.length)
      try {
        if (isSendable(received)) return distribute(received, destinations, ledger)
        discard(ledger, received.signal, 'unsupported_type')
        oddity.occurred()
      } catch (error) {
        log.error('an export could not be queued', { cause: String(error) })
      }
    },
    discard(signal, bytes) {
      count(intake[signal], bytes)
      discard(ledger, signal, 'queue_full')
      overflow.occurred()
    },
    async stop(ms) {
      const left = await Promise.all(destinations.map(destination => destination.stop(ms)))
      for (const destination of destinations) ticker.remove(destination)
      const lost = destinations.flatMap(({ name }, index) => (left[index] ? [`${name}: ${left[index]}`] : []))
      if (lost.length > 0) log.warn(`telemetry was dropped at the end: ${lost.join(', ')} exports`)
    },
  }
}

function distribute(received: ReceivedExport, destinations: readonly Destination[], ledger: Ledger): void {
  const { signal } = received
  const contentType = received.contentType ?? PROTOBUF
  const takers = destinations.filter(destination => destination.takes(signal))
  if (takers.length === 0) discard(ledger, signal, 'no_destination')
  for (const destination of takers) destination.offer({ ...received, contentType })
}

function intakeOf() {
  return { exports: 0, bytes: 0 }
}

function count(intake: { exports: number; bytes: number }, bytes: number): void {
  intake.exports += 1
  intake.bytes += bytes
}

function discard(ledger: Ledger, signal: Signal, reason: DropReason): void {
  ledger.received(NOBODY, signal)
  ledger.dropped(NOBODY, signal, reason)
}

const PROTOBUF = 'application/x-protobuf'

/** Reports whether type and encoding can stand in a header, and the type is one of OTLP's; parameters do not matter. */
function isSendable({ contentType = PROTOBUF, contentEncoding = '' }: ReceivedExport): boolean {
  if (!/^[\x20-\x7e]{1,256}$/.test(contentType) || !/^[\x20-\x7e]{0,64}$/.test(contentEncoding)) return false
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  return type === PROTOBUF || type === 'application/protobuf' || type === 'application/json'
}
