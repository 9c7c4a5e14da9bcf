// From the configuration to upstreams that can be asked: the only place that lists the providers.
import type { AnthropicUpstreamConfig, UpstreamsConfig } from '../../config/upstreams.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ExpiringToken } from '../../lib/expiring-token.ts'
import type { Log } from '../../lib/log.ts'
import { guardedFetch } from '../../net/fetch.ts'
import type { Network } from '../../net/network.ts'
import { AnthropicUpstream } from './anthropic.ts'
import { createFederation } from './anthropic-federation.ts'
import type { Upstream } from './upstream.ts'

export interface UpstreamsOptions {
  readonly upstreams: UpstreamsConfig
  /** `timeouts.upstream_ttfb_ms`; unset, each provider has its own. */
  readonly ttfbMs: number | undefined
  readonly network: Pick<Network, 'dispatcher'>
  /** Our version, for `user-agent`. */
  readonly version: string
  /** A clock that only goes forward. */
  readonly clock: Clock
  readonly log: Log
}

/** An exchange takes no longer than requests wait for it. */
const EXCHANGE_MS = 10_000
const MAX_EXCHANGE_ANSWER = 1024 * 1024
const ANTHROPIC_TTFB_MS = 120_000

/** Opens every upstream, in file order; no request is sent. */
export function openUpstreams(options: UpstreamsOptions): ReadonlyMap<string, Upstream> {
  return new Map(options.upstreams.map(config => [config.name, openUpstream(config, options)]))
}

function openUpstream(config: UpstreamsConfig[number], options: UpstreamsOptions): Upstream {
  switch (config.provider) {
    case 'anthropic':
      return openAnthropic(config, options)
    case 'bedrock':
    case 'mantle':
    case 'anthropicAws':
    case 'vertex':
    case 'foundry':
      throw new Error(`upstream "${config.name}": provider ${config.provider} is not there yet`)
  }
}

function openAnthropic(config: AnthropicUpstreamConfig, options: UpstreamsOptions): Upstream {
  const { network, version, ttfbMs } = options
  return new AnthropicUpstream({
    config,
    federation: federationOf(config, options),
    dispatcher: network.dispatcher({ purpose: 'upstream', name: config.name }),
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
