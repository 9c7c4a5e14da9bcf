// A gateway process in front of an upstream whose streams stop in the middle, and clients that hold them open.
import { once } from 'node:events'
import { connect } from 'node:net'
import { SignJWT } from 'jose'
import { freePort } from './free-port.ts'
import { JWT_SECRET } from './gateway.ts'
import { type ProcessOptions, serveGateway } from './gateway-process.ts'
import { startIdp } from './idp.ts'
import { createDatabase } from './postgres.ts'
import { received } from './raw-http.ts'
import { REPLY_EVENTS, unchunk } from './sse.ts'
import { chunk, LAST_CHUNK, startUpstream, streamHead } from './upstream.ts'
import { ASK } from './whole-gateway.ts'

/** Half of an answer, and the beginning of an event that never becomes whole. */
export const WHOLE_EVENTS = REPLY_EVENTS.slice(0, 4).join('')
const BEGUN = `${WHOLE_EVENTS}event: content_block_delta\ndata: {"type":"content_bl`

/** Starts it with this drain window; `finish` lets the first `count` of the streams go on, all of them by default. */
export async function startStreaming(
  drainTimeoutMs: number,
  { nodeOptions = [], variables = {} }: Omit<ProcessOptions, 'words'> = {},
) {
  await using opening = new AsyncDisposableStack()
  const database = opening.use(await createDatabase())
  const idp = opening.use(await startIdp())
  const held: (() => void)[] = []
  const upstream = opening.use(
    await startUpstream(async (_request, socket) => {
      socket.write(Buffer.concat([streamHead(), chunk(BEGUN)]))
      await new Promise<void>(resolve => held.push(resolve))
      socket.write(Buffer.concat([chunk(REPLY_EVENTS.join('').slice(BEGUN.length)), LAST_CHUNK]))
    }),
  )
  const port = await freePort()
  const gateway = opening.use(
    serveGateway(
      { port, issuer: idp.issuer, databaseUrl: database.url, upstreamUrls: [upstream.origin] },
      {
        variables: { CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS: String(drainTimeoutMs), ...variables },
        nodeOptions,
      },
    ),
  )
  await gateway.line('ready')
  const opened = opening.move()
  return {
    ...{ port, gateway },
    finish(count = held.length) {
      for (const release of held.splice(0, count)) release()
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** A bearer of the gateway that listens there, for the subject `u`. */
export function bearerFor(port: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    sub: 'u',
    aud: 'claude-gateway',
    iss: `http://127.0.0.1:${port}`,
    iat: now,
    exp: now + 600,
  }
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(Buffer.from(JWT_SECRET))
}

/** Opens `count` streams and waits for their first events; each answers with what came until its connection ended. */
export async function openStreams(port: number, count: number): Promise<readonly Promise<string>[]> {
  const body = JSON.stringify({ ...ASK, stream: true })
  const head = ['POST /v1/messages HTTP/1.1', 'Host: g', `Authorization: Bearer ${await bearerFor(port)}`]
  const request = [...head, `Content-Length: ${body.length}`, '', body].join('\r\n')
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  const ends = sockets.map(received)
  await Promise.all(
    sockets.map(socket => {
      socket.write(request)
      return once(socket, 'data')
    }),
  )
  return ends
}

/** The body of a streamed answer, and whether it came to its end. */
export function streamOf(answer: string): { body: string; isComplete: boolean } {
  return unchunk(answer.slice(answer.indexOf('\r\n\r\n') + 4))
}
