// Puts the traces together: who is traced, what is told, how it becomes bytes, who sends them.
import { randomBytes } from 'node:crypto'
import { GEN_AI_PROVIDERS, type UpstreamsConfig } from '../config/upstreams.ts'
import type { Clock } from '../lib/clock.ts'
import { createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { Ticker } from '../lib/ticker.ts'
import type { OtlpSender } from './otlp-sender.ts'
import { createSampler } from './sampling.ts'
import type { Span } from './span.ts'
import { loadSpanSerializer } from './span-bytes.ts'
import { SpanQueue } from './span-queue.ts'
import { Traces } from './traces.ts'

export interface OpenTracesOptions {
  /** The share of requests that are traced, from 0 to 1. */
  readonly ratio: number
  /** Whether a valid `traceparent` of a client becomes a link. */
  readonly linksClients: boolean
  readonly sender: Pick<OtlpSender, 'send'>
  readonly upstreams: readonly Pick<UpstreamsConfig[number], 'name' | 'provider'>[]
  /** The catalogue's id for what a client asked for; `other` for what it does not know. */
  readonly modelOf: (requested: string) => string
  /** What the spans say of the process. */
  readonly resourceAttributes: Readonly<Record<string, string>>
  readonly version: string
  readonly log: Log
  readonly clock: Clock
  /** A clock that only goes forward. */
  readonly monotonic: Clock
  readonly ticker: Ticker
  /** Told how many spans were lost before the sender had them. */
  readonly dropped: (spans: number) => void
}

/** The traces, and what makes their last spans leave. */
export interface OpenedTraces {
  readonly traces: Traces
  /** Hands every waiting span to the sender; spans of what ends later are dropped. */
  end(): void
}

/** Loads what traces need and opens them. */
export async function openTraces(options: OpenTracesOptions): Promise<OpenedTraces> {
  const { ratio, linksClients, modelOf, upstreams, clock, monotonic, ticker } = options
  const send = await batchSender(options)
  const full = createCondition({ log: options.log, clock: monotonic, text: FULL })
  const queue = new SpanQueue({
    ...{ send, ticker, clock: monotonic },
    dropped(spans) {
      options.dropped(spans)
      full.occurred({ spans })
    },
  })
  const providers = new Map(upstreams.map(({ name, provider }) => [name, GEN_AI_PROVIDERS[provider]]))
  const traces = new Traces({
    sample: createSampler({ ratio, random: randomBytes }),
    newSpanId: () => randomBytes(8).toString('hex'),
    spans: spans => queue.add(spans),
    providerOf: upstream => providers.get(upstream),
    ...{ linksClients, modelOf, clock, monotonic },
  })
  return { traces, end: () => queue.end() }
}

const FULL = "spans of the gateway's own traces found no place and are dropped"

async function batchSender(
  options: OpenTracesOptions,
): Promise<(spans: readonly Span[]) => Promise<unknown>> {
  const { sender, log, dropped } = options
  const serialize = await loadSpanSerializer(options)
  return async spans => {
    try {
      await sender.send('traces', serialize(spans), spans.length)
    } catch (error) {
      dropped(spans.length)
      log.error('spans could not be serialized', { cause: String(error) })
    }
  }
}
