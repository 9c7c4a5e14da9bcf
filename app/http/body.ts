import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { Refusal } from './errors.ts'
import type {} from './route.ts'

/**
 * Reads a small body whole; bytes beyond `maxBytes` are refused, as is a sender that stops or dawdles.
 *
 * Nothing else reads these bodies: Fastify's own parsing is off.
 */
export async function readBody(request: FastifyRequest, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  await eachChunk(request, maxBytes, chunk => void chunks.push(chunk))
  return Buffer.concat(chunks)
}

/** Bytes that several bodies share while they are read. */
export interface SharedBytes {
  /** Bytes that are not held. */
  left: number
}

/**
 * Reads a small body like `readBody`, for as long as `shared` has room for what is held of it. Null when it had not:
 * the body was read to its end all the same, and nothing of it is kept.
 */
export async function readBodyWithin(
  request: FastifyRequest,
  maxBytes: number,
  shared: SharedBytes,
): Promise<Buffer | null> {
  let chunks: Buffer[] | null = []
  let held = 0
  const release = () => {
    shared.left += held
    held = 0
  }
  try {
    await eachChunk(request, maxBytes, chunk => {
      if (chunks === null) return
      if (chunk.length > shared.left) {
        chunks = null
        return release()
      }
      shared.left -= chunk.length
      held += chunk.length
      chunks.push(chunk)
    })
    return chunks === null ? null : Buffer.concat(chunks, held)
  } finally {
    release()
  }
}

/** Hands every chunk over; resolves at the end of the body. */
function eachChunk(request: FastifyRequest, maxBytes: number, take: (chunk: Buffer) => void): Promise<void> {
  const { bodyIdleMs, bodyTotalMs } = request.server.listener
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const { raw } = request
  let length = 0

  const finish = (refusal: Refusal | null) => {
    clearTimeout(idle)
    clearTimeout(total)
    raw.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut)
    if (refusal === null) return resolve()
    raw.pause()
    raw.on('error', ignore)
    reject(refusal)
  }
  const onData = (chunk: Buffer) => {
    idle.refresh()
    length += chunk.length
    if (length > maxBytes) return finish(tooLarge(maxBytes))
    take(chunk)
  }
  const onEnd = () => finish(null)
  const onCut = () => finish(new Refusal('bad_request', 'the request body ended early'))
  const onSlow = () => finish(new Refusal('request_timeout', 'the request body did not arrive in time'))
  const idle = setTimeout(onSlow, bodyIdleMs)
  const total = setTimeout(onSlow, bodyTotalMs)
  raw.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut)
  return promise
}

/** Parses `body` as a form; null when its content type says that it is something else. */
export function parseForm(request: FastifyRequest, body: Buffer): URLSearchParams | null {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return null
  return new URLSearchParams(body.toString('utf8'))
}

/** Reports whether the sender announced a body; Node marks a request complete only after its handler ran. */
export function announcesBody(raw: IncomingMessage): boolean {
  if (raw.headers['transfer-encoding'] !== undefined) return true
  const length = raw.headers['content-length']
  return length !== undefined && length !== '0'
}

/** The refusal of a body over `maxBytes`, announced or sent. */
export function tooLarge(maxBytes: number): Refusal {
  return new Refusal('request_too_large', `the request body is larger than ${maxBytes} bytes`)
}

function ignore(): void {}
