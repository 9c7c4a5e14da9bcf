// What takes an upstream's reply: a stream as it is, a stream of frames, or a document.
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { AmazonStream, type AmazonStreamOptions } from './amazon-stream.ts'
import { usageOfHeaders } from './amazon-usage.ts'
import type { Answer, AnswerSink } from './answer-sink.ts'
import { statusOfEvent } from './cloud-errors.ts'
import { asksNext } from './failover.ts'
import { textOf } from './headers.ts'
import { HeldStart } from './held-start.ts'
import { type ErrorEvent, StreamRelay } from './relay.ts'
import { countAnswer } from './token-count.ts'
import type { Call, Upstream } from './upstreams/upstream.ts'
import { StreamMeter } from './usage.ts'
import { WholeReply } from './whole-reply.ts'

export interface ReplySinkOptions extends Pick<AmazonStreamOptions, 'refused' | 'unreadable' | 'stated'> {
  readonly upstream: Upstream
  readonly call: Call
  /** The head as it came. */
  readonly headers: IncomingHttpHeaders
  readonly answer: Answer
  readonly clock: Clock
  readonly log: Log
  readonly errorEvent: ErrorEvent | null
  /** Whether another upstream is left, which can make good an error in the place of the content. */
  readonly holdsStart: boolean
  /** Input tokens to count where the reply tells none. */
  readonly assumedInput: number
  onOddField(field: string): void
  /** The first event of frames, or the first content of a stream whose start was held, has come. */
  begun(): void
}

const AMAZON_STREAM = 'application/vnd.amazon.eventstream'

/** Opens what takes the reply; which one is decided by its content type. */
export function openReplySink(options: ReplySinkOptions): AnswerSink {
  const { upstream, headers } = options
  const type = textOf(headers['content-type'])?.toLowerCase() ?? ''
  if (type.startsWith('text/event-stream'))
    return options.holdsStart ? holdStart(options) : openRelay(options, meterOf(options))
  if (upstream.cloud?.framing === 'amazon' && type.startsWith(AMAZON_STREAM)) return openFrames(options)
  return openDocument(options)
}

function meterOf({ call, onOddField, assumedInput }: ReplySinkOptions): StreamMeter {
  return new StreamMeter({ upstreamModel: call.model, onOddField, assumedInput })
}

function openRelay({ answer, log, errorEvent, upstream }: ReplySinkOptions, meter: StreamMeter): StreamRelay {
  return new StreamRelay(answer, { meter, log, errorEvent, sendsPings: upstream.cloud !== null })
}

/** An error event in the place of the content is what the same error would have been as the answer's status. */
function holdStart(options: ReplySinkOptions): HeldStart {
  const { answer, call, clock, refused, unreadable, upstream } = options
  return new HeldStart({
    open: () => {
      options.begun()
      return openRelay(options, meterOf(options))
    },
    leaves: data => {
      const status = statusOfEvent(data)
      if (!asksNext(status, { carriedEmail: upstream.carriesEmail(call) })) return false
      refused(status, Buffer.from(data))
      return true
    },
    broke: () => unreadable('the stream ended before its first content'),
    breakOff: () => answer.client.breakOff(),
    isCloud: upstream.cloud !== null,
    meter: () => meterOf({ ...options, onOddField: () => {} }),
    now: clock(),
  })
}

function openFrames(options: ReplySinkOptions): AnswerSink {
  const { clock, answer, refused, unreadable, stated } = options
  const meter = meterOf(options)
  const headers = { ...answer.headers, 'content-type': 'text/event-stream; charset=utf-8' }
  return new AmazonStream({
    ...{ clock, refused, unreadable, stated },
    commit: () => {
      options.begun()
      return openRelay({ ...options, answer: { ...answer, headers } }, meter)
    },
    metrics: usage => meter.supply(usage),
    breakOff: () => answer.client.breakOff(),
  })
}

function openDocument(options: ReplySinkOptions): AnswerSink {
  const { answer, call, upstream, headers, onOddField, log, assumedInput } = options
  const isCount = call.operation === 'count_tokens'
  const member = isCount ? upstream.counting?.member : undefined
  return new WholeReply(answer, {
    upstreamModel: call.model,
    isMetered: !isCount,
    ...{ onOddField, log, assumedInput },
    supplied: upstream.cloud === null ? undefined : usageOfHeaders(headers),
    rewrite: member === undefined ? undefined : body => countAnswer(body, member),
  })
}
