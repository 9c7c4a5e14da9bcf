/** What a route tells the listener about itself, and what the listener tells a route. */
export interface RouteFacts {
  /** The shape of a refusal on this route. Default `messages`. */
  readonly envelope?: 'messages' | 'admin' | 'oauth' | 'page' | 'text'
  /** Whether a request needs a `Content-Length`. Default: true for POST, PUT and PATCH. */
  readonly takesBody?: boolean
  /** The largest body in bytes. Default: `limits.max_request_bytes`. */
  readonly maxBodyBytes?: number
  /** Whether the route answers during a drain as always. Default false. */
  readonly servedWhileDraining?: boolean
  /** Pages with a form need `same-origin`: under `no-referrer` it would arrive with `Origin: null`. */
  readonly referrerPolicy?: 'same-origin'
  /** On every answer of the route, refusals included. */
  readonly headers?: Readonly<Record<string, string>>
  /** Health probes are answered before every other check. Default false. */
  readonly isProbe?: boolean
  /** Whether `HEAD` works as well as `GET`. Default false. */
  readonly takesHead?: boolean
}

/** What the listener decorates the server with. */
export interface ListenerFacts {
  /** Whether `public_url` is https, whoever ends the TLS connection. */
  readonly isHttps: boolean
  /** How long a body may pause, and how long it may take in all. */
  readonly bodyIdleMs: number
  readonly bodyTotalMs: number
  readonly isDraining: () => boolean
}

declare module 'fastify' {
  interface FastifyContextConfig extends RouteFacts {}
  interface FastifyInstance {
    readonly listener: ListenerFacts
  }
  interface FastifyRequest {
    /** The address that limits, lists and the audit log use: the peer, or what a trusted proxy named. */
    clientAddress: string
    /** The matched route's facts; null for a path that no route has. */
    facts: RouteFacts | null
  }
}
