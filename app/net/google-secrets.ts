// Secret Manager at the boot: each version once, whole and undamaged, or a sentence that says why not (C-16).
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { SecretAnswer } from '../config/expand.ts'
import { causeCode } from '../lib/cause-code.ts'
import { crc32c } from '../lib/crc32c.ts'
import { guardedFetch } from './fetch.ts'
import { fetchGoogleToken, googleClient } from './google-credentials.ts'
import type { Network } from './network.ts'

export interface ReadSecretsOptions {
  readonly network: Pick<Network, 'dispatcher'>
  /** Gives up what is still asked for. */
  readonly signal: AbortSignal
  /** Between two attempts; the machine's timer by default. */
  readonly pause?: (ms: number) => Promise<unknown>
}

/** One version as it is asked for. */
type Access = (name: string) => Promise<unknown>

const AT_A_TIME = 8
const ATTEMPTS = 3
const ATTEMPT_MS = 10_000
const FIRST_PAUSE_MS = 500
const MAX_BYTES = 65_536

/** The longest answer: the payload in base64, and what stands around it. */
const MAX_ANSWER_BYTES = 262_144

const ROLE = 'roles/secretmanager.secretAccessor'

/** What became of every one of `names`, resource names of versions. Rejects only when `signal` is aborted. */
export async function readSecrets(
  names: readonly string[],
  options: ReadSecretsOptions,
): Promise<ReadonlyMap<string, SecretAnswer>> {
  const answers = new Map<string, SecretAnswer>()
  const waiting = [...new Set(names)]
  const opened = await openAccess(options)
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      answers.set(name, typeof opened === 'function' ? await readSecret(name, opened, options) : opened)
      options.signal.throwIfAborted()
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  return answers
}

/** The way to Secret Manager with the service's own credentials, or why there is none. */
async function openAccess({ network, signal }: ReadSecretsOptions): Promise<Access | SecretAnswer> {
  const bounds = { totalMs: ATTEMPT_MS, maxBytes: MAX_ANSWER_BYTES }
  const guarded = guardedFetch({ dispatcher: network.dispatcher({ purpose: 'google' }), ...bounds })
  const transport: typeof fetch = (input, init) => {
    const signals = init?.signal == null ? [signal] : [signal, init.signal]
    return guarded(input, { ...init, signal: AbortSignal.any(signals) })
  }
  const ambient = guardedFetch({ dispatcher: network.dispatcher({ purpose: 'ambient' }), ...bounds })
  try {
    const token = await fetchGoogleToken(ambient)
    const authClient = await googleClient(transport, async () => token)
    return await accessThrough(authClient)
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    return {
      kind: 'failed',
      text: `cannot be read: ${cause}.`,
      fix: `give the service an account with ${ROLE}.`,
    }
  }
}

/** The library over HTTP/1.1: gRPC would open connections of its own. */
async function accessThrough(authClient: Awaited<ReturnType<typeof googleClient>>): Promise<Access> {
  const { SecretManagerServiceClient } = await import(
    '@google-cloud/secret-manager/build/src/v1/secret_manager_service_client.js'
  )
  return async name => {
    const client = new SecretManagerServiceClient({
      ...{ authClient, fallback: true, apiEndpoint: endpointOf(name), universeDomain: 'googleapis.com' },
      projectId: 'unknown', // needed by nobody here, and looked for when it is absent
    })
    const [version] = await client.accessSecretVersion({ name }, { timeout: ATTEMPT_MS, retry: null })
    return version
  }
}

/** A secret with a location lives behind that region's own address. */
function endpointOf(name: string): string {
  const location = locationOf(name)
  return location === undefined
    ? 'secretmanager.googleapis.com'
    : `secretmanager.${location}.rep.googleapis.com`
}

function locationOf(name: string): string | undefined {
  return /^projects\/[^/]+\/locations\/([^/]+)\//.exec(name)?.[1]
}

async function readSecret(name: string, access: Access, options: ReadSecretsOptions): Promise<SecretAnswer> {
  const location = locationOf(name)
  // It becomes part of a host name.
  if (location !== undefined && !/^[a-z]+-[a-z]+\d{1,2}$/.test(location)) {
    return failed('names no region of Google Cloud.', 'write a location such as europe-west1.')
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return readVersion(await access(name))
    } catch (error) {
      options.signal.throwIfAborted()
      const status = statusOf(error)
      const isPassing = status === undefined || status === 429 || status >= 500
      if (!isPassing || attempt === ATTEMPTS) return refusalOf(error, status)
      await (options.pause ?? unheldPause)(FIRST_PAUSE_MS * 2 ** (attempt - 1))
    }
  }
}

const Version = z.object({
  payload: z.object({
    // A version is never empty: what is would be an answer without a payload.
    data: z.instanceof(Uint8Array).refine(data => data.length > 0),
    dataCrc32c: z.union([z.string(), z.number()]).nullish(),
  }),
})

function readVersion(answer: unknown): SecretAnswer {
  const version = Version.safeParse(answer)
  if (!version.success) return failed('was answered with something else than a version.', LOOK_FOR_A_PROXY)
  const { data, dataCrc32c } = version.data.payload
  if (data.length > MAX_BYTES) return failed(`is longer than ${MAX_BYTES} bytes.`, 'store less in it.')
  const isDamaged = dataCrc32c != null && Number(dataCrc32c) !== crc32c(data)
  if (isDamaged) return failed('arrived damaged: its CRC32C does not match.', LOOK_FOR_A_PROXY)
  try {
    return { kind: 'read', value: new TextDecoder('utf-8', { fatal: true }).decode(data).trim() }
  } catch {
    return failed('is not UTF-8 text.', 'store it as text, such as base64.')
  }
}

const LOOK_FOR_A_PROXY = 'look for a proxy between the gateway and secretmanager.googleapis.com.'

function refusalOf(error: unknown, status: number | undefined): SecretAnswer {
  if (status === undefined) {
    const code = causeCode(error) ?? 'no connection'
    return failed(
      `cannot be read: Secret Manager did not answer (${code}).`,
      `allow secretmanager.googleapis.com; the service's account needs ${ROLE} on the secret.`,
    )
  }
  return failed(`cannot be read: Secret Manager answered ${status}.`, fixOf(status))
}

function fixOf(status: number): string {
  const grant = `the service's account needs ${ROLE} on the secret.`
  if (status === 403) return `grant ${ROLE} on the secret to the service's account, and enable the API.`
  if (status === 404) return `check project, secret and version; ${grant}`
  if (status === 400) return `check that the version is enabled and not destroyed; ${grant}`
  return grant
}

/** The status of the answer; undefined when there was none. */
function statusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'httpStatusCode' in error ? error.httpStatusCode : undefined
  return typeof status === 'number' ? status : undefined
}

function failed(text: string, fix: string): SecretAnswer {
  return { kind: 'failed', text, fix }
}

/** A pause that does not keep the process from ending. */
function unheldPause(ms: number): Promise<unknown> {
  return pause(ms, undefined, { ref: false })
}
