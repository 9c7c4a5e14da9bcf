// Microsoft Foundry on loopback: judges each request as a resource of Azure's does, and answers in its shapes.
import type { Network } from '../../app/net/network.ts'
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

/** What a real resource has, and nobody but its operator may read. */
export const RESOURCE = 'marked-resource-7'
export const KEY = 'marked0key0of0the0resource0JQQJ99'

export const REPLY = {
  ...{ id: 'msg_fdry_1', type: 'message', role: 'assistant', model: 'claude-served' },
  content: [{ type: 'text', text: 'yes' }],
  ...{ stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 3, output_tokens: 2 } },
}

/** An error of Azure's own, from before the model. */
export function azureError(status: number, code: string, message: string): Buffer {
  const headers = { 'content-type': 'application/json', 'apim-request-id': 'a-1', 'x-ms-region': 'East US 2' }
  return jsonAnswer({ error: { code, message } }, { status, headers })
}

/** Why Azure would refuse `request`; null when it would not. */
export function refusalOf({ line, headers, body }: RecordedRequest, accepted: string): Buffer | null {
  if (!/^POST \/anthropic\/v1\/messages(\/count_tokens)? HTTP\/1\.1$/.test(line))
    return azureError(404, '404', 'Resource not found')
  if (
    [headers['x-api-key'], headers['authorization']].filter(given => given !== undefined).join() !== accepted
  )
    return azureError(401, '401', 'Access denied due to invalid subscription key or wrong API endpoint.')
  const { model } = JSON.parse(body.toString())
  if (!/^(claude-test|upstream-name)$/.test(model))
    return azureError(404, 'DeploymentNotFound', `The API deployment ${model} does not exist in ${RESOURCE}.`)
  return null
}

/** The usual answer to a request that is right: a stream, a message or a count. */
export function usualAnswer({ path, body }: RecordedRequest): Buffer {
  if (path.endsWith('/count_tokens')) return jsonAnswer({ input_tokens: 9 })
  if (JSON.parse(body.toString()).stream !== true)
    return jsonAnswer(REPLY, { headers: { 'request-id': 'req_fdry_2' } })
  return Buffer.concat([streamHead(), ...REPLY_EVENTS.map(event => chunk(event)), LAST_CHUNK])
}

export interface FoundryRig extends AsyncDisposable {
  readonly port: number
  readonly relay: RelayRig
  readonly foundry: TestUpstream
}

export interface FoundryOptions extends Omit<RigOptions, 'upstreams'> {
  /** Answers requests that are right. Default: `usualAnswer`. */
  readonly script?: Script
  readonly upstream?: Readonly<Record<string, unknown>>
  /** Entries after the one on Foundry. */
  readonly others?: RigOptions['upstreams']
  /** What stands in `x-api-key` or `authorization` of a request that is let in. Default: `KEY`. */
  readonly accepted?: () => string
  readonly network?: Network
}

/** A relay in front of one resource of Foundry. */
export async function startFoundry(options: FoundryOptions = {}): Promise<FoundryRig> {
  const { script = usualAnswer, upstream, others = [], accepted = () => KEY, ...rig } = options
  const foundry = await startUpstream(
    (request, socket) => refusalOf(request, accepted()) ?? script(request, socket),
  )
  const relay = await startRelay({
    ...rig,
    upstreams: [{ ...foundryEntry(foundry.origin), ...upstream }, ...others],
  })
  return {
    ...{ port: relay.port, relay, foundry },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await foundry[Symbol.asyncDispose]()
    },
  }
}

/** The entry of `upstreams:` for a stand-in at `origin`. */
export function foundryEntry(origin: string, auth: object = { api_key: KEY }) {
  return { provider: 'foundry', resource: RESOURCE, base_url: `${origin}/anthropic`, auth }
}
