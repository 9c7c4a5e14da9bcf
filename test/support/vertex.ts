// Vertex AI on loopback: judges each request as Google's prediction service does, and answers in its shapes.
import type { TestContext } from 'node:test'
import { granted, onGoogle } from './google.ts'
import { type RelayRig, type RigOptions, startRelay } from './relay-rig.ts'
import { REPLY_EVENTS } from './sse.ts'
import {
  chunk,
  jsonAnswer,
  LAST_CHUNK,
  type RecordedRequest,
  type Script,
  startUpstream,
  streamHead,
  type TestUpstream,
} from './upstream.ts'

/** What a real project has, and nobody but its operator may read. */
export const PROJECT = 'marked-project-7'
export const ACCOUNT = `gateway@${PROJECT}.iam.gserviceaccount.com`
export const TOKEN = 'ya29.marked-token'

export const REPLY = {
  ...{ id: 'msg_vrtx_1', type: 'message', role: 'assistant', model: 'claude-served' },
  content: [{ type: 'text', text: 'yes' }],
  ...{ stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 3, output_tokens: 2 } },
}

/** An error of Google's own; `wrapped` as its streaming methods send it, in a list. */
export function googleError(
  code: number,
  status: string,
  message: string,
  { wrapped = false }: { wrapped?: boolean } = {},
): Buffer {
  const error = { error: { code, message, status } }
  const headers = { 'content-type': 'application/json; charset=UTF-8', server: 'scaffolding on HTTPServer2' }
  return jsonAnswer(wrapped ? [error] : error, { status: code, headers })
}

const PATH =
  /^\/v1\/projects\/([^/]+)\/locations\/([^/]+)\/publishers\/anthropic\/models\/([^/]+):(rawPredict|streamRawPredict)$/

/** Why Google would refuse `request`; null when it would not. */
export function refusalOf(request: RecordedRequest, token = TOKEN): Buffer | null {
  const { line, path, headers, body } = request
  const [, project, location, model, method] = PATH.exec(path) ?? []
  if (!line.startsWith('POST ') || project === undefined)
    return googleError(404, 'NOT_FOUND', 'no such method')
  if (headers['authorization'] !== `Bearer ${token}`)
    return googleError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
  if (project !== PROJECT || location !== 'global')
    return googleError(403, 'PERMISSION_DENIED', `Permission denied on resource project ${project}.`)
  if (headers['content-type'] !== 'application/json')
    return googleError(400, 'INVALID_ARGUMENT', 'Content-Type must be application/json')
  if (body.length > 30_000_000)
    return googleError(
      400,
      'INVALID_ARGUMENT',
      `The request size (${body.length} bytes) exceeds 30.000MB limit.`,
    )
  const fault = faultOf(JSON.parse(body.toString()), { isCount: model === 'count-tokens', method, headers })
  if (fault === null) return null
  const error = { type: 'invalid_request_error', message: fault }
  return jsonAnswer({ type: 'error', error, request_id: 'req_vrtx_1' }, { status: 400 })
}

function faultOf(
  body: Record<string, unknown>,
  call: { isCount: boolean; method: string | undefined; headers: RecordedRequest['headers'] },
): string | null {
  if (body['anthropic_version'] !== 'vertex-2023-10-16') return 'anthropic_version: Field required'
  if ('model' in body !== call.isCount) return 'model: Extra inputs are not permitted'
  if ('tags' in body) return 'tags: Extra inputs are not permitted'
  if ((body['stream'] === true) !== (call.method === 'streamRawPredict')) return 'stream: not for this method'
  if (call.headers['anthropic-beta']?.includes('request-tags'))
    return 'Unexpected value(s) for `anthropic-beta`'
  return null
}

/** Google's usual answer to a request that it takes: a stream, a message or a count. */
export function usualAnswer({ path }: RecordedRequest): Buffer {
  if (path.endsWith('/count-tokens:rawPredict')) return jsonAnswer({ input_tokens: 9 })
  if (path.endsWith(':rawPredict')) return jsonAnswer(REPLY, { headers: { 'request-id': 'req_vrtx_2' } })
  return Buffer.concat([streamHead(), ...REPLY_EVENTS.map(event => chunk(event)), LAST_CHUNK])
}

export interface VertexRig extends AsyncDisposable {
  readonly port: number
  readonly relay: RelayRig
  readonly vertex: TestUpstream
  /** How often the metadata server was asked. */
  readonly tokens: readonly string[]
}

export interface VertexOptions extends Omit<RigOptions, 'upstreams'> {
  /** Answers requests that are right. Default: `usualAnswer`. */
  readonly script?: Script
  readonly upstream?: Readonly<Record<string, unknown>>
  /** Entries before the one on Vertex, and after it. */
  readonly earlier?: RigOptions['upstreams']
  readonly others?: RigOptions['upstreams']
}

/** A relay in front of Vertex, on a Google runtime whose metadata server gives `TOKEN` to all who ask. */
export async function startVertex(t: TestContext, options: VertexOptions = {}): Promise<VertexRig> {
  const { asked } = await onGoogle(t, response => response.end(granted(TOKEN)))
  const { script = usualAnswer, upstream, earlier = [], others = [], ...rig } = options
  const vertex = await startUpstream((request, socket) => refusalOf(request) ?? script(request, socket))
  const relay = await startRelay({
    ...rig,
    upstreams: [...earlier, { ...vertexEntry(vertex.origin), ...upstream }, ...others],
  })
  return {
    ...{ port: relay.port, relay, vertex, tokens: asked },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await vertex[Symbol.asyncDispose]()
    },
  }
}

/** The entry of `upstreams:` for a stand-in at `base_url`. */
export function vertexEntry(base_url: string) {
  return { provider: 'vertex', region: 'global', project_id: PROJECT, base_url, auth: {} }
}
