// What is read off the services at each collection, instead of being told: queues, pools, totals of others' books.
import type { Measurements } from './series.ts'

/** What is read; each is a part of a service. */
export interface Subjects {
  readonly relay: RelayBooks
  readonly capacity: { readonly shed: Readonly<Record<'capacity' | 'memory', number>> }
  /** Whether each upstream is in use for all its models. */
  readonly routing: { states(): ReadonlyMap<string, boolean> }
  /** Entries that wait to be stored; null where nothing is metered. */
  readonly spendQueue: { readonly length: number } | null
  readonly pool: { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number }
  readonly readiness: { isUp(): Promise<boolean> }
  readonly audit: { readonly dropped: number }
  /** Null where no webhook is configured. */
  readonly alertDelivery: { readonly counts: Readonly<Record<string, number>> } | null
  /** What of the gateway's own telemetry was lost, by signal. */
  readonly own: Readonly<Record<string, number>>
  readonly facts: ConfigFacts
}

/** What runs, and with which file. */
export interface ConfigFacts {
  readonly version: string
  /** The version of the wire contract. */
  readonly contract: string
  /** Of the file's bytes, in hexadecimal; null when there is no file. */
  readonly configSha256: string | null
}

/** The counts of the relay of clients' telemetry. */
export interface RelayBooks {
  readonly intake: Readonly<Record<string, { readonly exports: number; readonly bytes: number }>>
  readonly ledger: { accounts(): readonly Account[] }
  readonly destinations: readonly {
    readonly name: string
    readonly queuedBytes: number
    readonly isPaused: boolean
  }[]
}

interface Account {
  readonly destination: string
  readonly signal: string
  readonly forwarded: number
  readonly dropped: Readonly<Record<string, number>>
}

/** Reads something into the measurements, just before they are collected. */
export type Source = () => void | Promise<void>

/** The first digits of a hash name a file well enough. */
const SHOWN_DIGITS = 12

/** The sources of everything that services count or know themselves. */
export function serviceSources(subjects: Subjects, measurements: Measurements): Source[] {
  const { version, contract, configSha256 } = subjects.facts
  const shown = configSha256?.slice(0, SHOWN_DIGITS) ?? ''
  measurements.amounts('gatehouse.config.info').of(version, contract, shown).set(1)
  return [
    relaySource(subjects.relay, measurements),
    capacitySource(subjects.capacity, measurements),
    routingSource(subjects.routing, measurements),
    ...(subjects.spendQueue === null ? [] : [queueSource(subjects.spendQueue, measurements)]),
    poolSource(subjects.pool, measurements),
    storeSource(subjects.readiness, measurements),
    auditSource(subjects.audit, measurements),
    ownSource(subjects.own, measurements),
    ...(subjects.alertDelivery === null ? [] : [alertSource(subjects.alertDelivery, measurements)]),
  ]
}

function relaySource({ intake, ledger, destinations }: RelayBooks, measurements: Measurements): Source {
  const received = measurements.amounts('gatehouse.telemetry.received')
  const bytes = measurements.amounts('gatehouse.telemetry.received.bytes')
  const forwarded = measurements.amounts('gatehouse.telemetry.forwarded')
  const dropped = measurements.amounts('gatehouse.telemetry.dropped')
  const queued = measurements.amounts('gatehouse.telemetry.queue.bytes')
  const paused = measurements.amounts('gatehouse.telemetry.paused')
  const named = new Set(destinations.map(({ name }) => name))
  return () => {
    for (const [signal, taken] of Object.entries(intake)) {
      received.of(signal).set(taken.exports)
      bytes.of(signal).set(taken.bytes)
    }
    for (const account of ledger.accounts()) {
      const { destination, signal } = account
      if (named.has(destination)) forwarded.of(destination, signal).set(account.forwarded)
      for (const [reason, count] of Object.entries(account.dropped))
        dropped.of(destination, signal, reason).set(count)
    }
    for (const { name, queuedBytes, isPaused } of destinations) {
      queued.of(name).set(queuedBytes)
      paused.of(name).set(Number(isPaused))
    }
  }
}

function capacitySource({ shed }: Subjects['capacity'], measurements: Measurements): Source {
  const refused = measurements.amounts('gatehouse.inference.shed')
  return () => {
    for (const [reason, count] of Object.entries(shed)) refused.of(reason).set(count)
  }
}

function routingSource(routing: Subjects['routing'], measurements: Measurements): Source {
  const state = measurements.amounts('gatehouse.upstream.state')
  return () => {
    for (const [upstream, isInUse] of routing.states()) state.of(upstream).set(Number(isInUse))
  }
}

function queueSource(queue: { readonly length: number }, measurements: Measurements): Source {
  const waiting = measurements.amounts('gatehouse.spend.queue').of()
  return () => waiting.set(queue.length)
}

function alertSource(delivery: NonNullable<Subjects['alertDelivery']>, measurements: Measurements): Source {
  const deliveries = measurements.amounts('gatehouse.spend.alert_deliveries')
  return () => {
    for (const [result, count] of Object.entries(delivery.counts)) deliveries.of(result).set(count)
  }
}

function poolSource(pool: Subjects['pool'], measurements: Measurements): Source {
  const connections = measurements.amounts('db.client.connection.count')
  const pending = measurements.amounts('db.client.connection.pending_requests').of()
  return () => {
    connections.of('idle').set(pool.idleCount)
    connections.of('used').set(pool.totalCount - pool.idleCount)
    pending.set(pool.waitingCount)
  }
}

/** Asks the store, at most once a second and for two seconds, together with the probes. */
function storeSource(readiness: Subjects['readiness'], measurements: Measurements): Source {
  const up = measurements.amounts('gatehouse.store.up').of()
  return async () => up.set(Number(await readiness.isUp()))
}

function auditSource(audit: Subjects['audit'], measurements: Measurements): Source {
  const dropped = measurements.amounts('gatehouse.audit.dropped').of()
  return () => dropped.set(audit.dropped)
}

function ownSource(own: Subjects['own'], measurements: Measurements): Source {
  const dropped = measurements.amounts('gatehouse.observability.dropped')
  return () => {
    for (const [signal, count] of Object.entries(own)) dropped.of(signal).set(count)
  }
}
