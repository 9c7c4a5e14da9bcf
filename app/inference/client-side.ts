import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { commonHeaders } from '../http/common-headers.ts'
import type { Drain, OpenStream } from '../http/drain.ts'
import type { Ticker, Ticking } from '../lib/ticker.ts'
import type { Outcome } from './answer-sink.ts'

/** Whoever is busy with the request at the moment; told what happens on the client's side. */
export interface ClientListener {
  /** The client went away, or stood still for too long; nothing more can be written. */
  clientGone(): void
  /** The client has taken what was written. */
  clientReady(): void
  /** The drain window is over. */
  drained(): void
  tick(now: number): void
}

export interface ClientSideOptions {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly drain: Pick<Drain, 'track'>
  readonly ticker: Ticker
  /** How long a client may leave bytes waiting, in milliseconds. */
  readonly stallMs: number
}

/** The client's end of one request: its answer's head and bytes, and the ways in which it can end. */
export class ClientSide implements Ticking, OpenStream {
  readonly #options: ClientSideOptions
  readonly #raw: ServerResponse
  readonly #untrack: () => void
  #listener: ClientListener | null = null
  #isGone = false
  #isCut = false
  #hasWritten = false
  #successHeaders: Readonly<Record<string, string>> = {}
  #isWaiting = false
  /** Ends the wait before the end of the answer. */
  #endNow: (() => void) | null = null
  /** Set by the first tick that finds bytes waiting: a coarse clock must not count time before that. */
  #waitingSince: number | null = null

  constructor(options: ClientSideOptions) {
    this.#options = options
    this.#raw = options.reply.raw
    this.#isGone = this.#raw.destroyed
    this.#untrack = options.drain.track(this)
    options.ticker.add(this)
    this.#raw.on('close', () => this.#closed())
    if (this.#raw.closed) this.#closed()
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Why a client that is gone went. */
  get departure(): Outcome {
    return this.#isCut ? 'drained' : 'client_abort'
  }

  get hasBegun(): boolean {
    return this.#raw.headersSent
  }

  listen(listener: ClientListener | null): void {
    this.#listener = listener
  }

  /** The headers that every answer of these routes carries: the listener's and the request's id under both names. */
  ownHeaders(): Record<string, string> {
    const headers = commonHeaders(this.#options.request)
    headers['request-id'] = this.#options.request.id
    return headers
  }

  /** Says what a 2xx answer carries beside its own headers. */
  onSuccess(headers: Readonly<Record<string, string>>): void {
    this.#successHeaders = headers
  }

  /** The own headers of a 2xx answer. */
  successHeaders(): Record<string, string> {
    return Object.assign(this.ownHeaders(), this.#successHeaders)
  }

  /** Takes the answer out of Fastify's hands and begins it; the head leaves with the first bytes. */
  begin(status: number, headers: string[]): void {
    this.#raw.writeHead(status, headers) // throws on a header that cannot be sent: Fastify may still answer then
    this.#raw.on('error', ignore)
    this.#options.reply.hijack()
  }

  /** Sends the head now, or with the bytes that are written in the same tick. */
  flushHead(): void {
    process.nextTick(() => {
      if (!this.#hasWritten && !this.#isGone) this.#raw.flushHeaders()
    })
  }

  /** Answers false when the client is not keeping up; `clientReady` follows. */
  write(bytes: Buffer): boolean {
    if (this.#isGone) return true
    this.#hasWritten = true
    if (this.#raw.write(bytes)) return true
    if (!this.#isWaiting) {
      this.#isWaiting = true
      this.#raw.once('drain', () => this.#ready())
    }
    return false
  }

  end(bytes?: Buffer): void {
    if (this.#isGone) return
    this.#hasWritten = true
    if (bytes === undefined) this.#raw.end()
    else this.#raw.end(bytes)
    this.#isWaiting = true // until `close`: a client that reads nothing must not keep its socket for ever
  }

  /** Ends the answer as `end` does, but not before `stored` resolves, unless the drain window is over first. */
  async endAfter(stored: Promise<void> | null, bytes?: Buffer): Promise<void> {
    if (stored !== null && !this.#isGone && !this.#isCut) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#endNow = resolve
      await Promise.race([stored, promise])
      this.#endNow = null
    }
    this.end(bytes)
  }

  /**
   * Breaks the connection off after the bytes written so far, so that the client cannot take half an answer for
   * a whole one: the answer's framing stays unfinished.
   */
  breakOff(): void {
    const { socket } = this.#raw
    if (this.#isGone) return
    this.#isWaiting = true // for the last bytes to leave
    if (socket === null) {
      // The answer to a pipelined request has no connection before its turn comes.
      this.#raw.once('socket', () => this.breakOff())
      return
    }
    if (!this.#raw.headersSent) socket.destroy()
    // Node hands what was written in this tick to the socket at the tick's end; ending it before would lose that.
    else if (this.#raw.req.httpVersionMinor > 0) process.nextTick(() => socket.destroySoon())
    // HTTP/1.0 has no chunks: there an orderly end of the connection would look like the end of the answer.
    else if ('encrypted' in socket) socket.destroy()
    else socket.resetAndDestroy()
  }

  /** The drain window is over. */
  cut(): void {
    this.#isCut = true
    if (this.#endNow !== null) this.#endNow()
    else if (this.#listener === null) this.breakOff()
    else this.#listener.drained()
  }

  tick(now: number): void {
    if (!this.#isWaiting) this.#waitingSince = null
    else if (this.#waitingSince === null) this.#waitingSince = now
    else if (now - this.#waitingSince >= this.#options.stallMs) this.#raw.destroy()
    this.#listener?.tick(now)
  }

  #ready(): void {
    this.#isWaiting = false
    this.#listener?.clientReady()
  }

  #closed(): void {
    this.#untrack()
    this.#options.ticker.remove(this)
    if (this.#raw.writableFinished) return
    this.#isGone = true
    this.#endNow?.()
    this.#listener?.clientGone()
  }
}

/** A write that crosses the client's leaving; `close` tells about it. */
function ignore(): void {}
