import { promisify } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { AuditEvent } from '../../app/audit/events.ts'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import type { LoadTestConfig } from '../../app/config/http-tuning.ts'
import { UpstreamsSection } from '../../app/config/upstreams.ts'
import { createDrain, type Drain } from '../../app/http/drain.ts'
import type { Identity } from '../../app/identity/identity.ts'
import { type Capacity, createCapacity } from '../../app/inference/capacity.ts'
import { createDispatch } from '../../app/inference/dispatch.ts'
import { createLoadTest } from '../../app/inference/load-test.ts'
import { countTokens, type InferenceOptions, messages } from '../../app/inference/routes.ts'
import { Routing } from '../../app/inference/routing/routing.ts'
import { openUpstreams } from '../../app/inference/upstreams/open.ts'
import type { UsageRecord } from '../../app/inference/usage-record.ts'
import { type Clock, steadyClock } from '../../app/lib/clock.ts'
import { createTicker } from '../../app/lib/ticker.ts'
import { type Network, openNetwork } from '../../app/net/network.ts'
import { startListener } from './listener.ts'
import { recordLog } from './recorded-log.ts'

export interface RigOptions {
  /** Entries of `upstreams:`; `provider` and a key are added. */
  readonly upstreams: readonly { readonly base_url: string; readonly [key: string]: unknown }[]
  readonly identity?: Identity
  /** More models, with the id that every upstream gets. */
  readonly models?: Readonly<Record<string, string>>
  readonly azureClientId?: string
  /** What differs from the defaults of `gatehouse.routing`. */
  readonly routing?: Readonly<Record<string, unknown>>
  /** From 0 to below 1. Default always 0. */
  readonly random?: () => number
  readonly ttfbMs?: number
  readonly idleMs?: number
  readonly clientStallMs?: number
  /** Closed with the rig. */
  readonly network?: Network
  /** One that only goes forward, for every limit in time. */
  readonly clock?: Clock
  readonly maxConcurrent?: number
  readonly loadTest?: LoadTestConfig
  readonly policy?: InferenceOptions['policy']
  readonly observer?: InferenceOptions['observer']
  readonly spending?: InferenceOptions['spending']
  readonly billingGroupTag?: string
}

/** The inference routes behind a real listener, in front of real sockets; the bearer check and the catalog are the test's. */
export interface RelayRig extends AsyncDisposable {
  readonly port: number
  readonly log: { readonly lines: readonly string[] }
  readonly drain: Drain
  readonly capacity: Pick<Capacity, 'open' | 'bufferedBytes'>
  /** How many clients are connected. */
  connections(): Promise<number>
  readonly routing: Pick<Routing, 'states'>
  readonly records: readonly UsageRecord[]
  /** The audit's events of inference, once there are `count`. */
  audited(count: number): Promise<Extract<AuditEvent, { evt: 'inference' }>[]>
}

/** Serves `claude-test` (as `claude-test` everywhere) and `claude-renamed` (as `upstream-name`). */
const MODELS: Readonly<Record<string, string>> = {
  'claude-test': 'claude-test',
  'claude-renamed': 'upstream-name',
}

/** Starts the rig; its limits are checked every 5 ms. */
export async function startRelay(options: RigOptions): Promise<RelayRig> {
  const { clock = steadyClock } = options
  const log = recordLog()
  const drain = createDrain(log)
  const network = options.network ?? openNetwork({ allowLoopback: true })
  const upstreams = openUpstreams({
    upstreams: UpstreamsSection.parse(
      options.upstreams.map((entry, index) => ({
        provider: 'anthropic',
        name: `upstream-${index + 1}`,
        auth: { api_key: 'sk-operator' },
        ...entry,
      })),
    ),
    ttfbMs: options.ttfbMs,
    azureClientId: options.azureClientId,
    takesTags: options.billingGroupTag === undefined,
    network,
    version: '9.9.9',
    clock,
    log,
  })
  const records: UsageRecord[] = []
  const { audit, audited } = recordAudit()
  const loadTest = options.loadTest ? createLoadTest(options.loadTest) : null
  const routing = new Routing({
    ...{ clock, log, upstreams: upstreams.keys(), random: options.random ?? (() => 0) },
    config: GatehouseSection.parse({ routing: options.routing ?? {} }).routing,
    hasOwnTtfb: options.ttfbMs !== undefined,
  })
  const dispatch = createDispatch({
    ...{ upstreams, routing },
    idleMs: options.idleMs ?? 900_000,
    clock,
    log,
    loadTest,
    meter: record => void records.push(record),
  })
  const capacity = createCapacity({
    maxConcurrent: options.maxConcurrent ?? 100,
    maxBufferedBytes: 1024 * 1024 * 1024,
    ...{ log, clock, random: () => 0 },
  })
  const inference: InferenceOptions = {
    observer: options.observer ?? null,
    log,
    bearer: async (request: FastifyRequest) => {
      const identity = options.identity ?? { sub: 'dev-1', email: 'dev@example.com' }
      request.session = { identity, sid: null, iat: 0, exp: 0, digest: '' }
    },
    capacity,
    catalog: {
      identify: id => ({ id, names: [id], sentAs: [] }),
      resolve: id => {
        const model = options.models?.[id] ?? MODELS[id]
        if (model === undefined) return null
        return {
          id,
          names: [id],
          sentAs: [],
          builtin: null,
          routes: [...upstreams.keys()].map(upstream => ({ upstream, model })),
        }
      },
    },
    policy: options.policy ?? (() => null),
    settingsState: null,
    routing,
    dispatch,
    audit,
    drain,
    ticker: createTicker({ clock, everyMs: 5 }),
    clock,
    maxBodyBytes: 33_554_432,
    clientStallMs: options.clientStallMs ?? 300_000,
    loadTest,
    spending: options.spending ?? null,
    billingGroupTag: options.billingGroupTag ?? null,
  }
  const listener = await startListener([messages(inference), countTokens(inference)], { drain, log })
  return {
    port: listener.port,
    log,
    drain,
    capacity,
    routing,
    connections: promisify(listener.server.server.getConnections.bind(listener.server.server)),
    records,
    audited,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      await network.close()
    },
  }
}

type InferenceEvent = Extract<AuditEvent, { evt: 'inference' }>

function recordAudit() {
  const events: InferenceEvent[] = []
  let wake = () => {}
  return {
    audit: {
      write(event: AuditEvent) {
        if (event.evt === 'inference') events.push(event)
        wake()
      },
    },
    async audited(count: number): Promise<InferenceEvent[]> {
      while (events.length < count) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      return events
    },
  }
}
