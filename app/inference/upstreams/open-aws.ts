// From the configuration to upstreams on AWS: what they are authorized with, and where.
import type {
  AnthropicAwsUpstreamConfig,
  BedrockUpstreamConfig,
  MantleUpstreamConfig,
  UpstreamsConfig,
} from '../../config/upstreams.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { withDeadline } from '../../lib/deadline.ts'
import { ExpiringToken } from '../../lib/expiring-token.ts'
import type { Log } from '../../lib/log.ts'
import { fetchAwsKeys } from '../../net/aws-credentials.ts'
import type { AwsKeys } from '../../net/aws-keys.ts'
import { assumeRole } from '../../net/aws-role.ts'
import { guardedFetch } from '../../net/fetch.ts'
import type { Network } from '../../net/network.ts'
import {
  type AwsAuthority,
  type AwsKeySource,
  fixedAuthority,
  fixedKeys,
  signingAuthority,
} from './aws-authority.ts'
import { AWS_BLOCK_UNDER_MS, AWS_REFRESH_AHEAD_MS, RoleSessions } from './aws-sessions.ts'
import { BedrockUpstream } from './bedrock.ts'
import { MessagesOnAws } from './messages-on-aws.ts'
import type { Upstream } from './upstream.ts'
import { upstreamProxy } from './upstream-proxy.ts'

export interface AwsUpstreamsOptions {
  readonly network: Pick<Network, 'dispatcher'>
  /** Our product token, such as `gatehouse/1.2.3`. */
  readonly product: string
  /** Whether request tags go to upstreams that take any. Default true. */
  readonly takesTags?: boolean | undefined
  readonly ttfbMs: number
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** Tells the time of day, for signatures. Default: the machine's. */
  readonly wallClock?: Clock | undefined
  readonly log: Log
}

/** Keys of the configuration file, where there are any. */
interface KeysOfFile {
  readonly aws_access_key_id?: string | undefined
  readonly aws_secret_access_key?: string | undefined
  readonly aws_session_token?: string | undefined
}

/** One request of the SDK's or to a metadata service, and everything that one set of keys takes. */
const REQUEST_MS = 5000
const FETCH_MS = 20_000
const MAX_ANSWER = 1024 * 1024

/** Opens upstreams on AWS. All that use ambient credentials share one set of keys. */
export class AwsUpstreams {
  readonly #options: AwsUpstreamsOptions
  #ambient: ExpiringToken<AwsKeys> | null = null

  constructor(options: AwsUpstreamsOptions) {
    this.#options = options
  }

  bedrock(config: BedrockUpstreamConfig): Upstream {
    const { auth, assume_role, region } = config
    const source = this.#keys(auth, region)
    const scope = { region, service: 'bedrock' }
    const bearer = auth.aws_bearer_token
    const authority =
      bearer === undefined
        ? this.#signing(assume_role === undefined ? source : this.#roleOf(config, source), scope)
        : fixedAuthority('authorization', `Bearer ${bearer}`)
    return new BedrockUpstream({ config, authority, ...this.#common(config) })
  }

  mantle(config: MantleUpstreamConfig): Upstream {
    const { auth, region, name, headers } = config
    const bearer = auth.aws_bearer_token
    return new MessagesOnAws({
      provider: 'mantle',
      base: mantleUrl(config),
      fixed: Object.entries(headers).flat(),
      takesTags: false,
      authority:
        bearer === undefined
          ? this.#signing(this.#keys(auth, region), { region, service: 'bedrock-mantle' })
          : fixedAuthority('x-api-key', bearer),
      identifiers: [],
      ...{ name, ...this.#common(config) },
    })
  }

  anthropicAws(config: AnthropicAwsUpstreamConfig): Upstream {
    const { auth, region, name, headers, workspace_id } = config
    return new MessagesOnAws({
      provider: 'anthropicAws',
      base: anthropicAwsUrl(config),
      fixed: [...Object.entries(headers).flat(), 'anthropic-workspace-id', workspace_id],
      takesTags: this.#options.takesTags ?? true,
      authority:
        auth.api_key === undefined
          ? this.#signing(this.#keys(auth, region), { region, service: 'aws-external-anthropic' })
          : fixedAuthority('x-api-key', auth.api_key),
      identifiers: [workspace_id],
      ...{ name, ...this.#common(config) },
    })
  }

  #common({ name, provider }: Pick<UpstreamsConfig[number], 'name' | 'provider'>) {
    const { network, ttfbMs, product } = this.#options
    const proxy = upstreamProxy(provider)
    const dispatcher = network.dispatcher({ purpose: 'upstream', name, proxy })
    return { dispatcher, ttfbMs, product }
  }

  #signing(source: AwsKeySource, scope: { region: string; service: string }): AwsAuthority {
    return signingAuthority(source, scope, this.#options.wallClock ?? systemClock)
  }

  #keys(auth: KeysOfFile, region: string): AwsKeySource {
    const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = auth
    if (accessKeyId !== undefined && secretAccessKey !== undefined)
      return fixedKeys({ accessKeyId, secretAccessKey, sessionToken: auth.aws_session_token })
    this.#ambient ??= this.#openAmbient(region)
    const ambient = this.#ambient
    return { get: () => ambient.get(), refused: () => ambient.refused() }
  }

  #openAmbient(region: string): ExpiringToken<AwsKeys> {
    const { clock, log } = this.#options
    const exchange = this.#transport('token_exchange', 'aws')
    const metadata = this.#transport('ambient')
    return new ExpiringToken<AwsKeys>({
      name: 'the AWS credentials of the environment',
      ...{ clock, log, refreshAheadMs: AWS_REFRESH_AHEAD_MS, blockUnderMs: AWS_BLOCK_UNDER_MS },
      fetchToken: () =>
        withDeadline(fetchAwsKeys({ exchange: exchange(), metadata: metadata() }, region), FETCH_MS),
    })
  }

  #roleOf({ name, region, assume_role }: BedrockUpstreamConfig, base: AwsKeySource): AwsKeySource {
    if (assume_role === undefined) return base
    const { role_arn: roleArn, external_id: externalId, session_name } = assume_role
    const { clock, log } = this.#options
    const exchange = this.#transport('token_exchange', name)
    return new RoleSessions({
      ...{ name, base, clock, log, sessionName: session_name },
      assume: (keys, sessionName) =>
        withDeadline(assumeRole(exchange(), keys, { roleArn, externalId, sessionName, region }), FETCH_MS),
    })
  }

  /** Opened with the first request, as most gateways never make one. */
  #transport(purpose: 'token_exchange' | 'ambient', name?: string): () => typeof fetch {
    let transport: typeof fetch | undefined
    return () => {
      const bounds = { totalMs: REQUEST_MS, maxBytes: MAX_ANSWER }
      transport ??= guardedFetch({
        dispatcher: this.#options.network.dispatcher({ purpose, name }),
        ...bounds,
      })
      return transport
    }
  }
}

/** Where `mantle` is asked, less the path that every request has. */
export function mantleUrl({ base_url, region }: MantleUpstreamConfig): URL {
  return new URL(base_url ?? `https://bedrock-mantle.${region}.api.aws/anthropic`)
}

/** Where `anthropicAws` is asked, less the path that every request has. */
export function anthropicAwsUrl({ base_url, region }: AnthropicAwsUpstreamConfig): URL {
  return new URL(base_url ?? `https://aws-external-anthropic.${region}.api.aws`)
}
