// The keys of a machine or container on AWS, from its metadata service. The SDK would open connections of its own for
// these, so they are asked here, through the transport that every other request takes.
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { AwsMetadataVariables } from '../config/environment.ts'
import type { FetchedToken } from '../lib/expiring-token.ts'
import type { AwsKeys } from './aws-keys.ts'

/** AWS: "Use IMDSv2", and "IAM roles for tasks"; the third is the agent of EKS Pod Identity. */
const INSTANCE = 'http://169.254.169.254'
const INSTANCE_IPV6 = 'http://[fd00:ec2::254]'
const CONTAINER = 'http://169.254.170.2'
const CONTAINER_HOSTS = new Set(['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]', '[::1]', 'localhost'])

const TOKEN_SECONDS = '300'
const ATTEMPTS = 3
const PAUSE_MS = 100

const Keys = z.object({
  AccessKeyId: z.string().min(1).max(128),
  SecretAccessKey: z.string().min(1).max(256),
  Token: z.string().min(1).max(16_384),
  Expiration: z.iso.datetime(),
})

/**
 * Asks the container's agent when the environment names one, else the instance's service in its second version; the
 * first one would answer whoever can make this process send a GET. Rejects with a sentence for the operator.
 */
export async function fetchMetadataKeys(
  ask: typeof fetch,
  variables: AwsMetadataVariables,
): Promise<FetchedToken<AwsKeys>> {
  const { containerRelativeUri, containerFullUri, isInstanceDisabled } = variables
  if (containerRelativeUri !== undefined) return ofContainer(ask, CONTAINER + containerRelativeUri, variables)
  if (containerFullUri !== undefined) return ofContainer(ask, containerFullUri, variables)
  if (isInstanceDisabled)
    throw new Error(
      'no AWS credentials: no keys, profile, web identity or container, and no metadata service',
    )
  return ofInstance(ask, variables)
}

async function ofContainer(
  ask: typeof fetch,
  address: string,
  { containerToken, containerTokenFile }: AwsMetadataVariables,
): Promise<FetchedToken<AwsKeys>> {
  if (!isContainerAddress(address))
    throw new Error('AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that credentials are not asked from')
  const token =
    containerTokenFile === undefined ? containerToken : (await readFile(containerTokenFile, 'utf8')).trim()
  const headers: Record<string, string> = token === undefined ? {} : { authorization: token }
  const response = await answered(ask, address, { headers }, 'the container’s credentials agent')
  return keysIn(await response.text())
}

/** Over https any host may be named, else only the agents of ECS and EKS and this machine (SDKs and Tools Reference). */
function isContainerAddress(address: string): boolean {
  const url = URL.parse(address)
  if (url?.protocol === 'https:') return true
  return url?.protocol === 'http:' && (CONTAINER_HOSTS.has(url.hostname) || url.hostname.startsWith('127.'))
}

async function ofInstance(
  ask: typeof fetch,
  { instanceEndpoint, isInstanceIpv6 }: AwsMetadataVariables,
): Promise<FetchedToken<AwsKeys>> {
  const base = (instanceEndpoint ?? (isInstanceIpv6 ? INSTANCE_IPV6 : INSTANCE)).replace(/\/$/, '')
  const who = 'the instance metadata service'
  const granted = await answered(
    ask,
    `${base}/latest/api/token`,
    { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': TOKEN_SECONDS } },
    who,
  )
  const headers = { 'x-aws-ec2-metadata-token': (await granted.text()).trim() }
  const roles = `${base}/latest/meta-data/iam/security-credentials/`
  const role = (await (await answered(ask, roles, { headers }, who)).text()).trim()
  const response = await answered(ask, roles + encodeURIComponent(role), { headers }, who)
  return keysIn(await response.text())
}

/** The answer, when it is a 200; what can be repeated is asked three times. */
async function answered(ask: typeof fetch, url: string, init: RequestInit, who: string): Promise<Response> {
  let cause = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (attempt > 1) await pause(PAUSE_MS * attempt, undefined, { ref: false })
    try {
      const response = await ask(url, { ...init, redirect: 'error' })
      if (response.status === 200) return response
      await response.body?.cancel()
      cause = `it answered ${response.status}`
      if (response.status < 500 && response.status !== 429) break
    } catch (error) {
      cause = `it cannot be reached (${error instanceof Error && 'code' in error ? error.code : 'no answer'})`
    }
  }
  throw new Error(`no AWS credentials: no keys, profile or web identity, and from ${who} none: ${cause}`)
}

function keysIn(answer: string): FetchedToken<AwsKeys> {
  const read = Keys.safeParse(parsed(answer))
  if (!read.success) throw new Error('the metadata service answered without keys')
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = read.data
  return {
    token: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token },
    expiresIn: (Date.parse(Expiration) - Date.now()) / 1000,
  }
}

/** A parser's own error would quote the text around the fault, which may be a key. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
