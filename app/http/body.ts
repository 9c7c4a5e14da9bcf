import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { Refusal } from './errors.ts'
import type {} from './route.ts'

/**
 * Reads a small body whole; bytes beyond `maxBytes` are refused, as is a sender that stops or dawdles.
 *
 * Nothing else reads these bodies: Fastify's own parsing is off.
 */
export function readBody(request: FastifyRequest, maxBytes: number): Promise<Buffer> {
  const { bodyIdleMs, bodyTotalMs } = request.server.listener
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const { raw } = request
  const chunks: Buffer[] = []
  let length = 0

  const finish = (refusal: Refusal | null) => {
    clearTimeout(idle)
    clearTimeout(total)
    raw.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut)
    if (refusal === null) return resolve(Buffer.concat(chunks, length))
    raw.pause()
    raw.on('error', ignore)
    reject(refusal)
  }
  const onData = (chunk: Buffer) => {
    idle.refresh()
    length += chunk.length
    if (length > maxBytes) return finish(tooLarge(maxBytes))
    chunks.push(chunk)
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
