// The ways in which an endpoint of the loopback identity provider can misbehave.
import type { IncomingMessage, ServerResponse } from 'node:http'

export type Fault = (request: IncomingMessage, response: ServerResponse) => void

export function status(code: number, body = 'upstream trouble'): Fault {
  return (_request, response) => response.writeHead(code, { 'content-type': 'text/plain' }).end(body)
}

export function oauthError(error: string, { code = 400, description = '', challenge = false } = {}): Fault {
  return (_request, response) => {
    response.writeHead(code, {
      'content-type': 'application/json',
      ...(challenge && { 'www-authenticate': 'Basic realm="idp"' }),
    })
    response.end(JSON.stringify({ error, error_description: description }))
  }
}

export function redirectTo(location: string): Fault {
  return (_request, response) => response.writeHead(302, { location }).end()
}

export function json(value: unknown): Fault {
  return (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export const notJson: Fault = (_request, response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":')

/** Takes the request and never answers. */
export const hang: Fault = () => {}

/** Breaks the connection in the middle of an answer. */
export const cut: Fault = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"access_token":"x"', () => response.destroy())
}

/** A JSON string of `bytes`, sent as fast as the reader takes it. */
export function huge(bytes: number): Fault {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"issuer":"')
    const chunk = Buffer.alloc(64 * 1024, 'a')
    let left = bytes
    const send = () => {
      while (left > 0 && !response.destroyed) {
        left -= chunk.length
        if (!response.write(chunk)) return
      }
      response.end('"}')
    }
    response.on('drain', send)
    send()
  }
}
