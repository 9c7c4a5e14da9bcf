import { open } from 'node:fs/promises'
import { z } from 'zod'
import type { Clock } from '../../lib/clock.ts'
import { ExpiringToken, type FetchedToken } from '../../lib/expiring-token.ts'
import type { Log } from '../../lib/log.ts'

/** The keys of `auth` that name a workload identity. */
export interface FederationConfig {
  readonly federation_rule_id: string
  readonly organization_id: string
  /** Holds the identity token of the workload; read again for each exchange. */
  readonly identity_token_file: string
  readonly workspace_id?: string | undefined
  readonly service_account_id?: string | undefined
}

export interface FederationOptions {
  readonly config: FederationConfig
  /** The upstream's name. */
  readonly name: string
  /** `base_url` without a trailing slash. */
  readonly base: string
  /** Guarded, with a deadline and a bound on the answer. */
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly log: Log
}

const MAX_IDENTITY_TOKEN = 16 * 1024
const BETAS = 'oauth-2025-04-20,oidc-federation-2026-04-01'

const Exchanged = z.object({
  access_token: z.string().min(1).max(16_384),
  token_type: z.string().optional(),
  expires_in: z.number().positive(),
})

/** Exchanges the workload's identity token for an access token of the Anthropic API (RFC 7523 section 2.1). */
export function createFederation(options: FederationOptions): ExpiringToken {
  const { name, clock, log } = options
  return new ExpiringToken({
    name: `the access token of upstream "${name}"`,
    clock,
    log,
    refreshAheadMs: 120_000,
    blockUnderMs: 30_000,
    fetchToken: () => exchange(options),
  })
}

async function exchange({ config, base, fetch: post }: FederationOptions): Promise<FetchedToken> {
  const url = new URL(`${base}/v1/oauth/token`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new Error('the token exchange needs https: the answer is a credential')
  const response = await post(url, {
    method: 'POST',
    redirect: 'error',
    headers: { 'content-type': 'application/json', 'anthropic-beta': BETAS },
    body: JSON.stringify({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await identityToken(config.identity_token_file),
      federation_rule_id: config.federation_rule_id,
      organization_id: config.organization_id,
      workspace_id: config.workspace_id,
      service_account_id: config.service_account_id,
    }),
  })
  // The body of a refusal is left out of the message: it may quote the assertion.
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`the token exchange answered ${response.status}`)
  }
  const answer = Exchanged.safeParse(await response.json())
  if (!answer.success) throw new Error('the token exchange answered without access_token and expires_in')
  return { token: answer.data.access_token, expiresIn: answer.data.expires_in }
}

async function identityToken(path: string): Promise<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`identity_token_file cannot be read (${error.code ?? error.name})`)
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_IDENTITY_TOKEN + 1), 0)
    if (bytesRead > MAX_IDENTITY_TOKEN) throw new Error('identity_token_file is longer than 16 KiB')
    return buffer.toString('utf8', 0, bytesRead).trim()
  } finally {
    await file.close()
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
