// From the configuration to upstreams that can be asked: the only place that lists the providers.
import type {
  AnthropicUpstreamConfig,
  FoundryUpstreamConfig,
  UpstreamsConfig,
  VertexUpstreamConfig,
} from '../../config/upstreams.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ExpiringToken } from '../../lib/expiring-token.ts'
import type { Log } from '../../lib/log.ts'
import { createEntraTokens } from '../../net/entra-token.ts'
import { guardedFetch } from '../../net/fetch.ts'
import { createGoogleToken, type GoogleToken } from '../../net/google-token.ts'
import type { Network } from '../../net/network.ts'
import { AnthropicUpstream } from './anthropic.ts'
import { createFederation } from './anthropic-federation.ts'
import { bedrockUrl } from './bedrock.ts'
import { FoundryUpstream, foundryUrl } from './foundry.ts'
import { AwsUpstreams, anthropicAwsUrl, mantleUrl } from './open-aws.ts'
import type { Upstream } from './upstream.ts'
import { upstreamProxy } from './upstream-proxy.ts'
import { VertexUpstream, vertexUrl } from './vertex.ts'

export interface UpstreamsOptions {
  readonly upstreams: UpstreamsConfig
  /** `timeouts.upstream_ttfb_ms`; unset, each provider has its own. */
  readonly ttfbMs: number | undefined
  readonly network: Pick<Network, 'dispatcher'>
  /** Our version, for `user-agent`. */
  readonly version: string
  /** `AZURE_CLIENT_ID`: which managed identity is ours. */
  readonly azureClientId?: string | undefined
  /** Whether request tags go to the upstreams that take any; not where the gateway reads them (I-13). Default true. */
  readonly takesTags?: boolean | undefined
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** Tells the time of day. Default: the machine's. */
  readonly wallClock?: Clock
  readonly log: Log
}

/** An exchange takes no longer than requests wait for it. */
const EXCHANGE_MS = 10_000
const MAX_EXCHANGE_ANSWER = 1024 * 1024
const ANTHROPIC_TTFB_MS = 120_000
const CLOUD_TTFB_MS = 300_000

/** Google's metadata server hands out the same token until five minutes before its end. */
const GOOGLE_REFRESH_AHEAD_MS = 240_000
const GOOGLE_BLOCK_UNDER_MS = 30_000

/** What a token for Microsoft Foundry is for; `auth.scope` replaces it (I-49). */
const FOUNDRY_SCOPE = 'https://ai.azure.com/.default'

/** Opens every upstream, in file order; no request is sent. */
export function openUpstreams(options: UpstreamsOptions): ReadonlyMap<string, Upstream> {
  const { network, clock, wallClock, log, version, ttfbMs, takesTags } = options
  const google = new GoogleCredentials(options)
  const aws = new AwsUpstreams({
    ...{ network, clock, wallClock, log },
    ttfbMs: ttfbMs ?? CLOUD_TTFB_MS,
    product: `gatehouse/${version}`,
    takesTags,
  })
  const credentials = { google, aws, entra: entraTokens(options) }
  return new Map(options.upstreams.map(config => [config.name, openUpstream(config, options, credentials)]))
}

type EntraTokens = ReturnType<typeof createEntraTokens>

function entraTokens({ network, log, clock, azureClientId: clientId }: UpstreamsOptions): EntraTokens {
  return createEntraTokens({ network, log, clock, clientId })
}

/** Where an upstream's requests go. */
export function urlOf(config: UpstreamsConfig[number]): URL {
  switch (config.provider) {
    case 'anthropic':
      return new URL(config.base_url)
    case 'vertex':
      return vertexUrl(config)
    case 'bedrock':
      return bedrockUrl(config)
    case 'mantle':
      return mantleUrl(config)
    case 'anthropicAws':
      return anthropicAwsUrl(config)
    case 'foundry':
      return foundryUrl(config)
  }
}

function openUpstream(
  config: UpstreamsConfig[number],
  options: UpstreamsOptions,
  { google, aws, entra }: { google: GoogleCredentials; aws: AwsUpstreams; entra: EntraTokens },
): Upstream {
  switch (config.provider) {
    case 'anthropic':
      return openAnthropic(config, options)
    case 'vertex':
      return openVertex(config, options, google)
    case 'foundry':
      return openFoundry(config, options, entra)
    case 'bedrock':
      return aws.bedrock(config)
    case 'mantle':
      return aws.mantle(config)
    case 'anthropicAws':
      return aws.anthropicAws(config)
  }
}

function openAnthropic(config: AnthropicUpstreamConfig, options: UpstreamsOptions): Upstream {
  const { network, version, ttfbMs, takesTags } = options
  return new AnthropicUpstream({
    config,
    federation: federationOf(config, options),
    dispatcher: dispatcherOf(config, network),
    takesTags,
    ttfbMs: ttfbMs ?? ANTHROPIC_TTFB_MS,
    product: `gatehouse/${version}`,
  })
}

function federationOf(config: AnthropicUpstreamConfig, options: UpstreamsOptions): ExpiringToken | null {
  const { federation_rule_id, organization_id, identity_token_file, workspace_id, service_account_id } =
    config.auth
  if (federation_rule_id === undefined || organization_id === undefined || identity_token_file === undefined)
    return null
  const dispatcher = options.network.dispatcher({ purpose: 'token_exchange', name: config.name })
  return createFederation({
    config: { federation_rule_id, organization_id, identity_token_file, workspace_id, service_account_id },
    name: config.name,
    base: config.base_url.replace(/\/$/, ''),
    fetch: guardedFetch({ dispatcher, totalMs: EXCHANGE_MS, maxBytes: MAX_EXCHANGE_ANSWER }),
    clock: options.clock,
    log: options.log,
  })
}

/** Its own connections, on the way that its provider has. */
function dispatcherOf({ name, provider }: UpstreamsConfig[number], network: UpstreamsOptions['network']) {
  return network.dispatcher({ purpose: 'upstream', name, proxy: upstreamProxy(provider) })
}

function openVertex(
  config: VertexUpstreamConfig,
  { network, version, ttfbMs }: UpstreamsOptions,
  credentials: GoogleCredentials,
): Upstream {
  return new VertexUpstream({
    config,
    credential: credentials.of(config.auth.service_account_json),
    dispatcher: dispatcherOf(config, network),
    ttfbMs: ttfbMs ?? CLOUD_TTFB_MS,
    product: `gatehouse/${version}`,
  })
}

/** One token for each credential, however many upstreams use it. */
class GoogleCredentials {
  readonly #options: UpstreamsOptions
  readonly #tokens = new Map<string | undefined, GoogleToken>()

  constructor(options: UpstreamsOptions) {
    this.#options = options
  }

  of(keyFile: string | undefined): GoogleToken {
    const { network, log, clock } = this.#options
    const token =
      this.#tokens.get(keyFile) ??
      createGoogleToken({
        ...{ network, log, clock, keyFile },
        refreshAheadMs: GOOGLE_REFRESH_AHEAD_MS,
        blockUnderMs: GOOGLE_BLOCK_UNDER_MS,
      })
    this.#tokens.set(keyFile, token)
    return token
  }
}

function openFoundry(
  config: FoundryUpstreamConfig,
  { network, version, ttfbMs, takesTags }: UpstreamsOptions,
  entraToken: EntraTokens,
): Upstream {
  const { use_azure_ad: usesEntra, scope } = config.auth
  return new FoundryUpstream({
    config,
    entra: usesEntra === true ? entraToken(scope ?? FOUNDRY_SCOPE) : null,
    takesTags,
    dispatcher: dispatcherOf(config, network),
    ttfbMs: ttfbMs ?? CLOUD_TTFB_MS,
    product: `gatehouse/${version}`,
  })
}
