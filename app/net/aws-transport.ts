// What the AWS SDK sends its requests with: our own fetch, in the shape of its request handlers.
import { Readable } from 'node:stream'

/** The SDK's request, as far as it is read here. */
interface SdkRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined
}

/** A request handler for every client of the SDK; answers are read whole, within the bounds of `ask`. */
export function sdkRequestHandler(ask: typeof fetch) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: SdkRequest) {
      const { host: _, 'content-length': _length, ...headers } = request.headers // of the connection, and set by it
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      const response = await ask(urlOf(request), {
        ...{ method: request.method, headers, redirect: 'manual' },
        ...(isRead || request.body === undefined ? {} : { body: request.body }),
      })
      return {
        response: {
          statusCode: response.status,
          reason: response.statusText,
          headers: Object.fromEntries(response.headers),
          body: Readable.from([Buffer.from(await response.arrayBuffer())]),
        },
      }
    },
    destroy() {},
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  }
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`)
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value ?? ''].flat()) url.searchParams.append(name, one)
  }
  return url.href
}
