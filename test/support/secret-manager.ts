// Secret Manager on loopback, and a Google runtime around the gateway that hands out its token.
import type { TestContext } from 'node:test'
import { crc32c } from '../../app/lib/crc32c.ts'
import { readSecrets } from '../../app/net/google-secrets.ts'
import { googleNetwork, granted, onGoogle } from './google.ts'

/** What a version answers: its payload, or a status, or nothing at all; several are its answers in turn. */
export type VersionAnswer = string | Uint8Array | number | 'hang' | { body: unknown }

export interface SecretManagerOptions {
  /** By resource name. */
  readonly versions: Readonly<Record<string, readonly VersionAnswer[] | undefined>>
  /** What the metadata server says; a token when left out. */
  readonly metadata?: (response: import('node:http').ServerResponse) => void
}

export const TOKEN = 'ya29.marked-token'

export async function openSecretManager(t: TestContext, { versions, metadata }: SecretManagerOptions) {
  const asked: string[] = []
  let running = 0
  let mostRunning = 0
  const turns = new Map<string, number>()
  await onGoogle(
    t,
    metadata ?? (response => response.setHeader('content-type', 'application/json').end(granted(TOKEN))),
  )
  const network = await googleNetwork(t, (request, response) => {
    const { host, authorization } = request.headers
    const url = new URL(request.url ?? '', `https://${host}`)
    asked.push(`${host}${url.pathname} ${authorization}`)
    const name = url.pathname.replace(/^\/v1\//, '').replace(/:access$/, '')
    const turn = turns.get(name) ?? 0
    turns.set(name, turn + 1)
    running += 1
    mostRunning = Math.max(mostRunning, running)
    response.once('close', () => {
      running -= 1
    })
    const answers = versions[name] ?? [404]
    const answer = answers[Math.min(turn, answers.length - 1)] ?? 404
    if (answer === 'hang') return
    response.setHeader('content-type', 'application/json')
    if (typeof answer === 'number') return void response.writeHead(answer).end(refusalOf(answer))
    response.end(JSON.stringify(isBody(answer) ? answer.body : { name, payload: payloadOf(answer) }))
  })
  t.after(() => network.close())
  const pauses: number[] = []
  const read = (names: readonly string[], signal = new AbortController().signal) =>
    readSecrets(names, { network, signal, pause: async ms => void pauses.push(ms) })
  return { asked, network, pauses, read, mostRunning: () => mostRunning }
}

export function payloadOf(value: string | Uint8Array) {
  const bytes = Buffer.from(value)
  return { data: bytes.toString('base64'), dataCrc32c: `${crc32c(bytes)}` }
}

function isBody(answer: VersionAnswer): answer is { body: unknown } {
  return typeof answer === 'object' && 'body' in answer
}

function refusalOf(status: number): string {
  return JSON.stringify({ error: { code: status, message: 'marked-message', status: 'REFUSED' } })
}
