import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { tooLarge } from '../http/body.ts'
import { Refusal } from '../http/errors.ts'
import type { ScannedBody } from './body-edits.ts'
import { BodyScanner } from './body-scanner.ts'
import { slicesBetween } from './body-slices.ts'
import { decoderFor } from './content-encoding.ts'

/** The body of one inference request, validated, as the chunks in which it came. */
export interface RequestBody extends ScannedBody {
  /** The value of `model`, unescaped: text of 1 to 256 bytes. */
  readonly model: string
  /** Whether `stream` is the literal `true`. */
  readonly stream: boolean
  /** Drops the chunks; after it no edit is possible. */
  release(): void
}

export interface ReadOptions {
  /** `limits.max_request_bytes`; of an encoded body it bounds what is decoded too. */
  readonly maxBytes: number
  /** Told the size so far of a body that is larger than announced, which only an encoded one is; it may throw. */
  readonly hold?: (bytes: number) => void
}

const MAX_MODEL_BYTES = 256
/** Both quotes and every character as `\uXXXX`. */
const MAX_MODEL_SOURCE = 2 + 6 * MAX_MODEL_BYTES

/**
 * Reads and validates the body while it arrives; throws the refusals of checks 4 and 5.
 *
 * A body that is wrong is read to its end all the same, without being kept, so that the sender gets to hear it.
 */
export async function readRequestBody(request: FastifyRequest, options: ReadOptions): Promise<RequestBody> {
  const scanner = new BodyScanner()
  const { chunks, length } = await receive(request, { ...options, scanner })
  const scanned = scanner.end()
  switch (scanned.kind) {
    case 'invalid':
      throw new Refusal('invalid_json', 'request body is not valid JSON')
    case 'not_an_object':
      throw new Refusal('not_an_object', 'request body must be one JSON object')
    case 'repeated_member':
      throw new Refusal('repeated_member', `request body names "${scanned.name}" twice`)
    case 'object':
      return new ReceivedBody({ ...scanned, chunks, length })
  }
}

class ReceivedBody implements RequestBody {
  chunks: readonly Buffer[]
  readonly length: number
  readonly open: number
  readonly memberCount: number
  readonly members: ScannedBody['members']
  readonly hasProviderSettings: boolean
  readonly model: string
  readonly stream: boolean

  constructor(body: ScannedBody) {
    this.chunks = body.chunks
    this.length = body.length
    this.open = body.open
    this.memberCount = body.memberCount
    this.members = body.members
    this.hasProviderSettings = body.hasProviderSettings
    this.model = modelOf(body)
    this.stream = isTrue(body)
  }

  release(): void {
    this.chunks = []
  }
}

function modelOf(body: ScannedBody): string {
  const member = body.members.find(({ name }) => name === 'model')
  if (member === undefined) throw new Refusal('model_required', 'the request names no model')
  const isText = slicesBetween(body.chunks, member.valueStart, member.valueStart + 1)[0]?.[0] === 0x22
  if (!isText) throw new Refusal('model_not_string', 'model must be text')
  if (member.valueEnd - member.valueStart > MAX_MODEL_SOURCE) throw modelTooLong()
  const source = Buffer.concat(slicesBetween(body.chunks, member.valueStart, member.valueEnd))
  const model: string = JSON.parse(source.toString('utf8'))
  if (model === '') throw new Refusal('model_required', 'the request names no model')
  if (Buffer.byteLength(model) > MAX_MODEL_BYTES) throw modelTooLong()
  return model
}

function modelTooLong(): Refusal {
  return new Refusal('model_not_string', `model must be text of at most ${MAX_MODEL_BYTES} bytes`)
}

/** The body is valid JSON, so four bytes that begin with `t` are `true`. */
function isTrue(body: ScannedBody): boolean {
  const member = body.members.find(({ name }) => name === 'stream')
  if (member === undefined || member.valueEnd - member.valueStart !== 4) return false
  return slicesBetween(body.chunks, member.valueStart, member.valueEnd)[0]?.[0] === 0x74
}

interface Received {
  readonly chunks: readonly Buffer[]
  readonly length: number
}

/**
 * Listens to the request's own events: iterating over it, or a pipeline, would cost more than the validation.
 *
 * Only an encoded body goes through a pipe, into its decoder.
 */
function receive(
  request: FastifyRequest,
  options: ReadOptions & { readonly scanner: BodyScanner },
): Promise<Received> {
  const { raw } = request
  if (raw.destroyed && !raw.complete) throw cutShort()
  const { bodyIdleMs, bodyTotalMs } = request.server.listener
  const { maxBytes, scanner, hold } = options
  const decoder = decoderFor(raw.headers['content-encoding'])
  const announced = Number(raw.headers['content-length'] ?? 0)
  const { promise, resolve, reject } = Promise.withResolvers<Received>()
  const chunks: Buffer[] = []
  let length = 0

  const take = (chunk: Buffer) => {
    length += chunk.length
    if (length > maxBytes) throw tooLarge(maxBytes)
    if (length > announced) hold?.(length)
    scanner.push(chunk)
    if (!scanner.isInvalid) chunks.push(chunk)
    else chunks.length = 0
  }
  const idle = setTimeout(() => finish(tooSlow()), bodyIdleMs)
  const total = setTimeout(() => finish(tooSlow()), bodyTotalMs)
  const finish = (failure: unknown) => {
    clearTimeout(idle)
    clearTimeout(total)
    stop()
    if (failure === null) resolve({ chunks, length })
    else reject(failure)
  }
  const stop = listen(raw, decoder, { take, arrived: () => void idle.refresh(), finish })
  return promise
}

interface Receiver {
  /** Gets every chunk, decoded; what it throws ends the reading. */
  readonly take: (chunk: Buffer) => void
  /** Called for every chunk that arrives, before decoding. */
  readonly arrived: () => void
  /** Called once: with null at the end of the body, or with why there is none. */
  readonly finish: (failure: unknown) => void
}

/** Starts to listen; answers what stops it, after which the request is paused unless it has ended. */
function listen(raw: IncomingMessage, decoder: Transform | null, receiver: Receiver): () => void {
  const { take, arrived, finish } = receiver
  const source = decoder ?? raw
  const onData = (chunk: Buffer) => {
    if (decoder === null) arrived()
    try {
      take(chunk)
    } catch (failure) {
      finish(failure)
    }
  }
  const onEnd = () => finish(null)
  const onCut = () => {
    if (!raw.complete) finish(cutShort())
  }
  const onUndecodable = (cause: Error) => finish(undecodable(cause))
  source.on('data', onData).on('end', onEnd)
  raw.on('error', onCut).on('close', onCut)
  if (decoder !== null) raw.on('data', arrived).pipe(decoder).on('error', onUndecodable)
  return () => {
    source.off('data', onData).off('end', onEnd)
    raw.off('data', arrived).off('close', onCut).on('error', ignore).off('error', onCut)
    if (!raw.readableEnded) raw.pause()
    if (decoder === null) return
    raw.unpipe(decoder)
    decoder.off('error', onUndecodable).on('error', ignore).destroy()
  }
}

function tooSlow(): Refusal {
  return new Refusal('request_timeout', 'the request body did not arrive in time')
}

function cutShort(): Refusal {
  return new Refusal('bad_request', 'the request body ended early')
}

function undecodable(cause: Error): Refusal {
  return new Refusal('bad_request', 'the request body does not match its content-encoding', { cause })
}

function ignore(): void {}
