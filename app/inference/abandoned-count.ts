import type { Log } from '../lib/log.ts'
import { editBody, type ScannedBody } from './body-edits.ts'
import { tokensIn } from './token-count.ts'
import type { Call, OutgoingBody, Upstream } from './upstreams/upstream.ts'
import { isObject, type ReplyUsage } from './usage-record.ts'

/** What the count endpoint takes (platform documentation, "Count tokens"); it refuses every other member. */
const COUNTED_MEMBERS = [
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'mcp_servers',
  'context_management',
  'output_config',
  'output_format',
  'cache_control',
]

/** A longer body is not worth the pause that taking it apart would cost everybody. */
const MAX_BODY = 1024 * 1024
const MAX_AT_A_TIME = 16
const TIMEOUT_MS = 5000
const MAX_ANSWER = 64 * 1024

/** What is known of a request that its client gave up after it was sent and before its cost was told. */
export interface Abandoned {
  readonly upstream: Upstream
  readonly call: Call
  readonly body: ScannedBody
}

/** Asks what abandoned requests cost at least. */
export interface AbandonedCounts {
  /** The input as the upstream counts it, or null; never more than was charged. */
  count(abandoned: Abandoned): Promise<ReplyUsage | null>
}

export function createAbandonedCounts(log: Log): AbandonedCounts {
  let running = 0

  return {
    async count(abandoned) {
      if (running >= MAX_AT_A_TIME || abandoned.body.length > MAX_BODY) return null
      running += 1
      try {
        return await ask(abandoned)
      } catch (error) {
        log.debug('the cost of an abandoned request is unknown', {
          upstream: abandoned.upstream.name,
          cause: error instanceof Error ? error.message : String(error),
        })
        return null
      } finally {
        running -= 1
      }
    },
  }
}

async function ask({ upstream, call, body }: Abandoned): Promise<ReplyUsage> {
  const { counting } = upstream
  if (counting?.takes(call.model) === false) throw new Error('there is no counting for this model')
  const asking: Call = { ...call, operation: 'count_tokens', stream: false, isOwn: true }
  const edits = upstream.edits(asking, body)
  const received: unknown = JSON.parse(Buffer.concat(editBody(body, edits).chunks).toString('utf8'))
  if (!isObject(received)) throw new Error('the body is no object')
  // What the provider wants set is counted as well.
  const wanted = edits.flatMap(edit => (edit.kind === 'set' ? [edit.name] : []))
  const members = [...new Set([...wanted, ...COUNTED_MEMBERS])].filter(name => received[name] !== undefined)
  const text = JSON.stringify(Object.fromEntries(members.map(name => [name, received[name]])))
  const asked: OutgoingBody = { chunks: [Buffer.from(text)], length: Buffer.byteLength(text) }
  const question = counting?.question(asked) ?? asked
  const head = await upstream.head(asking, question)
  const answer = await post(upstream, head, Buffer.concat(question.chunks))
  const tokens = tokensIn(answer, counting?.member)
  if (tokens === null) throw new Error('the answer holds no count')
  const isCached = text.includes('"cache_control"')
  return {
    parts: [
      {
        model: call.model,
        input: isCached ? 0 : tokens,
        output: 0,
        cache_write_5m: 0,
        cache_write_1h: 0,
        cache_read: isCached ? tokens : 0,
      },
    ],
    served_model: call.model,
    web_searches: 0,
    speed: null,
    inference_geo: null,
    estimated: true,
  }
}

function post(upstream: Upstream, head: { path: string; headers: string[] }, body: Buffer): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const chunks: Buffer[] = []
  let bytes = 0
  let abort = (_reason: Error) => {}
  const timer = setTimeout(() => fail(new Error('no count in time')), TIMEOUT_MS)
  const fail = (error: Error) => {
    clearTimeout(timer)
    reject(error)
    abort(error)
  }
  upstream.dispatcher.dispatch(
    { origin: upstream.origin, path: head.path, method: 'POST', headers: head.headers, body },
    {
      onRequestStart: controller => {
        abort = reason => controller.abort(reason)
      },
      onResponseStart: (_controller, status) => {
        if (status >= 300) fail(new Error(`status ${status}`))
      },
      onResponseData: (_controller, chunk) => {
        bytes += chunk.length
        if (bytes > MAX_ANSWER) fail(new Error('the answer is too long'))
        else chunks.push(chunk)
      },
      onResponseEnd: () => {
        clearTimeout(timer)
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')))
        } catch (error) {
          reject(error)
        }
      },
      onResponseError: (_controller, error) => fail(error),
    },
  )
  return promise
}
