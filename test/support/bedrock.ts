// Amazon Bedrock's runtime on loopback: judges each request as the service does, and answers in its shapes and frames.
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { type ExpectedSignature, signatureFault } from './aws-signature.ts'
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

/** What a real account has, and nobody but its operator may read. */
export const ACCOUNT = '417380925166'
export const REGION = 'us-east-1'
export const KEYS = {
  accessKeyId: 'AKIAMARKEDKEY4417380',
  secretAccessKey: 'marked/secret+of/the+operator/0123456789',
}

export const REPLY = {
  ...{ id: 'msg_bdrk_1', type: 'message', role: 'assistant', model: 'claude-served' },
  content: [{ type: 'text', text: 'yes' }],
  ...{ stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 3, output_tokens: 2 } },
}

/** An error as the service answers it. */
export function awsError(status: number, type: string, message: string): Buffer {
  const headers = {
    'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    'x-amzn-requestid': 'aws-request-1',
  }
  return jsonAnswer({ message }, { status, headers })
}

const PATH = /^\/model\/([^/?]+)\/(invoke|invoke-with-response-stream|count-tokens)$/

type Signer = Pick<ExpectedSignature, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>

/** Why Bedrock would refuse `request`, which must be signed with `keys`; null when it would not. */
export function refusalOf(request: RecordedRequest, keys: Signer = KEYS): Buffer | null {
  const { line, path, headers, body } = request
  const [, , method] = PATH.exec(path) ?? []
  if (!line.startsWith('POST ') || method === undefined)
    return awsError(404, 'UnknownOperationException', path)
  const isSigned = headers['authorization']?.startsWith('AWS4') === true
  const fault = isSigned ? signatureFault(request, { ...keys, region: REGION, service: 'bedrock' }) : null
  if (fault !== null) return awsError(403, 'InvalidSignatureException', fault)
  if (headers['content-type'] !== 'application/json' || headers['accept'] !== 'application/json')
    return awsError(400, 'ValidationException', 'content-type and accept must be application/json')
  const strange = Object.keys(headers).find(name => /^(anthropic-|x-stainless-|x-api-key)/.test(name))
  if (strange !== undefined) return awsError(400, 'ValidationException', `strange header ${strange}`)
  const document = JSON.parse(body.toString())
  const invoked =
    method === 'count-tokens'
      ? JSON.parse(Buffer.from(document.input.invokeModel.body, 'base64').toString())
      : document
  const problem = problemOf(invoked, method)
  return problem === null ? null : awsError(400, 'ValidationException', problem)
}

function problemOf(body: Record<string, unknown>, method: string): string | null {
  if (body['anthropic_version'] !== 'bedrock-2023-05-31') return 'anthropic_version: Field required'
  const extra = ['model', 'stream', 'tags'].find(name => name in body)
  if (extra !== undefined) return `#: extraneous key [${extra}] is not permitted`
  const betas = body['anthropic_beta']
  if (betas !== undefined && !(Array.isArray(betas) && betas.length > 0)) return 'anthropic_beta: no list'
  if (method !== 'count-tokens') return null
  if (typeof body['max_tokens'] !== 'number') return 'max_tokens: Field required'
  return Array.isArray(body['tools']) && body['tools'].length === 0 ? 'tools: too short' : null
}

const codec = new EventStreamCodec(
  bytes => Buffer.from(bytes as Uint8Array).toString(),
  text => Buffer.from(text),
)

/** One frame, by the vendor's own codec. */
export function frame(headers: Readonly<Record<string, string>>, body: string | Buffer): Buffer {
  const texts = Object.entries(headers).map(
    ([name, value]) => [name, { type: 'string' as const, value }] as const,
  )
  return Buffer.from(codec.encode({ headers: Object.fromEntries(texts), body: Buffer.from(body) }))
}

/** A document of the Messages API in a frame, padded as Bedrock pads. */
export function chunkFrame(document: string | object): Buffer {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const payload = JSON.stringify({ bytes: Buffer.from(text).toString('base64'), p: 'abcdefghijklm' })
  return frame(
    { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
    payload,
  )
}

/** An exception of the service's model in a frame. */
export function exceptionFrame(type: string, message: string): Buffer {
  return frame({ ':exception-type': type, ':message-type': 'exception' }, JSON.stringify({ message }))
}

/** The frames of a stream whose events are those of an SSE text. */
export function framesOf(events: readonly string[]): Buffer[] {
  return events.map(event => chunkFrame(event.slice(event.indexOf('data: ') + 6, -2)))
}

/** A stream of these bytes; without an end when it is to die. */
export function frameStream(pieces: readonly Buffer[], { ends = true } = {}): Buffer {
  const head = streamHead({
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-requestid': 'aws-request-2',
    'x-amzn-bedrock-content-type': 'application/json',
  })
  return Buffer.concat([head, ...pieces.map(piece => chunk(piece)), ...(ends ? [LAST_CHUNK] : [])])
}

/** Bedrock's usual answer to a request that it takes: a stream, a message or a count. */
export function usualAnswer({ path }: RecordedRequest): Buffer {
  if (path.endsWith('/count-tokens')) return jsonAnswer({ inputTokens: 9 })
  if (path.endsWith('/invoke')) return jsonAnswer(REPLY, { headers: { 'x-amzn-requestid': 'aws-request-3' } })
  return frameStream(framesOf(REPLY_EVENTS))
}

export interface BedrockRig extends AsyncDisposable {
  readonly port: number
  readonly relay: RelayRig
  readonly bedrock: TestUpstream
}

export interface BedrockOptions extends Omit<RigOptions, 'upstreams'> {
  /** Answers requests that are right. Default: `usualAnswer`. */
  readonly script?: Script
  /** What requests must be signed with. Default: `KEYS`. */
  readonly keys?: Signer
  readonly upstream?: Readonly<Record<string, unknown>>
  /** Entries before the one on Bedrock, and after it. */
  readonly earlier?: RigOptions['upstreams']
  readonly others?: RigOptions['upstreams']
}

/** A relay in front of Bedrock, with keys of its file. */
export async function startBedrock(options: BedrockOptions = {}): Promise<BedrockRig> {
  const { script = usualAnswer, keys, upstream, earlier = [], others = [], ...rig } = options
  const bedrock = await startUpstream(
    (request, socket) => refusalOf(request, keys) ?? script(request, socket),
  )
  const relay = await startRelay({
    ...rig,
    models: { 'claude-test': 'us.anthropic.claude-test-v1:0', ...rig.models },
    upstreams: [...earlier, { ...bedrockEntry(bedrock.origin), ...upstream }, ...others],
  })
  return {
    ...{ port: relay.port, relay, bedrock },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await bedrock[Symbol.asyncDispose]()
    },
  }
}

/** The entry of `upstreams:` for a stand-in at `base_url`. */
export function bedrockEntry(base_url: string) {
  const auth = { aws_access_key_id: KEYS.accessKeyId, aws_secret_access_key: KEYS.secretAccessKey }
  return { provider: 'bedrock', region: REGION, base_url, auth }
}
