// Where model requests go, in order of preference: one schema per provider.
import { z } from 'zod'
import { absolutePath, choice, closed, flag, list, matching, text, Unfit } from './scalar.ts'
import { upstreamHeaders } from './upstream-headers.ts'
import { baseUrl } from './url.ts'

/** The providers, as `provider:` spells them. */
export const PROVIDERS = ['anthropic', 'bedrock', 'mantle', 'anthropicAws', 'vertex', 'foundry'] as const

export type Provider = (typeof PROVIDERS)[number]

/** What OpenTelemetry's conventions call the providers (`gen_ai.provider.name`). */
export const GEN_AI_PROVIDERS: Readonly<Record<Provider, string>> = {
  anthropic: 'anthropic',
  anthropicAws: 'anthropic',
  bedrock: 'aws.bedrock',
  mantle: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
  foundry: 'azure.ai.inference',
}

/** `https://api.anthropic.com`, the base of `anthropic` upstreams that name none. */
const ANTHROPIC_API = 'https://api.anthropic.com'

const AnthropicUpstream = closed({
  provider: z.literal('anthropic'),
  ...commonKeys('anthropic'),
  base_url: baseUrl().default(ANTHROPIC_API),
  /** Sends who asks to a proxy that the operator runs; never to Anthropic. */
  forward_user_identity: flag().default(false),
  /** Exactly one of `api_key`, `oauth_token`, or the federation keys. */
  auth: closed({
    api_key: text().optional(),
    oauth_token: text().optional(),
    federation_rule_id: text().optional(),
    organization_id: text().optional(),
    /** Read again for each exchange; may appear after boot. */
    identity_token_file: absolutePath().optional(),
    workspace_id: text().optional(),
    service_account_id: text().optional(),
  }),
})

/** AWS keys, a bearer token, or `{}` for the ambient credentials. */
const AwsAuth = closed({
  aws_access_key_id: text().optional(),
  aws_secret_access_key: text().optional(),
  aws_session_token: text().optional(),
  aws_bearer_token: text().optional(),
})

const BedrockUpstream = closed({
  provider: z.literal('bedrock'),
  ...commonKeys('bedrock'),
  region: region(),
  base_url: baseUrl().optional(),
  guardrail: closed({
    id: text(),
    version: matching(/^(DRAFT|[0-9]+)$/, '"DRAFT" or a version in digits'),
  }).optional(),
  assume_role: closed({
    role_arn: matching(
      /^arn:aws(-us-gov)?:iam::[0-9]{12}:role\/\S+$/,
      'the ARN of a role, arn:aws:iam::… or arn:aws-us-gov:iam::…',
    ),
    external_id: text().optional(),
    session_name: choice(['email', 'sub']).optional(),
  }).optional(),
  auth: AwsAuth,
})

const MantleUpstream = closed({
  provider: z.literal('mantle'),
  ...commonKeys('mantle'),
  models: modelPatterns(),
  region: region(),
  base_url: baseUrl(url =>
    /\/anthropic\/?$/.test(url.pathname) ? undefined : new Unfit('a URL that keeps the path /anthropic'),
  ).optional(),
  auth: AwsAuth.prefault({}),
})

const AnthropicAwsUpstream = closed({
  provider: z.literal('anthropicAws'),
  ...commonKeys('anthropicAws'),
  region: region(),
  workspace_id: text(),
  base_url: baseUrl().optional(),
  auth: closed({
    /** Wins over AWS keys. */
    api_key: text().optional(),
    aws_access_key_id: text().optional(),
    aws_secret_access_key: text().optional(),
    aws_session_token: text().optional(),
  }),
})

const VertexUpstream = closed({
  provider: z.literal('vertex'),
  ...commonKeys('vertex'),
  region: region(),
  project_id: text(),
  base_url: baseUrl().optional(),
  /** `{}` for the ambient credentials, or the path of a key file. */
  auth: closed({ service_account_json: absolutePath().optional() }),
})

const FoundryUpstream = closed({
  provider: z.literal('foundry'),
  ...commonKeys('foundry'),
  resource: matching(/^[A-Za-z0-9-]+$/, 'a resource name of letters, digits and hyphens'),
  /** Replaces the host derived from `resource`. */
  base_url: baseUrl().optional(),
  auth: closed({
    use_azure_ad: flag().optional(),
    api_key: text().optional(),
    /** Whom the Entra token is for; sovereign clouds and older resources have their own. */
    scope: matching(
      /^(https|api):\/\/[!-~]+\/\.default$/,
      'a scope that ends in /.default',
      'write https://ai.azure.com/.default.',
    ).optional(),
  }),
})

/** One upstream, by its provider. */
const UpstreamSection = z.discriminatedUnion('provider', [
  AnthropicUpstream,
  BedrockUpstream,
  MantleUpstream,
  AnthropicAwsUpstream,
  VertexUpstream,
  FoundryUpstream,
])

/** The upstreams, in the order in which they are tried. */
export const UpstreamsSection = list(UpstreamSection, 'at least one upstream is needed.').max(64, {
  error: 'at most 64 upstreams are accepted.',
})

export type AnthropicUpstreamConfig = z.infer<typeof AnthropicUpstream>
export type BedrockUpstreamConfig = z.infer<typeof BedrockUpstream>
export type MantleUpstreamConfig = z.infer<typeof MantleUpstream>
export type AnthropicAwsUpstreamConfig = z.infer<typeof AnthropicAwsUpstream>
export type VertexUpstreamConfig = z.infer<typeof VertexUpstream>
export type FoundryUpstreamConfig = z.infer<typeof FoundryUpstream>
export type UpstreamsConfig = z.infer<typeof UpstreamsSection>

function commonKeys(provider: Provider) {
  return {
    name: text(value => (value.length > 128 ? new Unfit('at most 128 characters') : undefined)).default(
      provider,
    ),
    headers: upstreamHeaders(),
    /** Only these ids go there, also on failover; one `*` per entry matches any run of characters. */
    models: modelPatterns().optional(),
  }
}

function modelPatterns() {
  return list(
    text(value => {
      if (value.trim() === '') return new Unfit('a model id', 'an empty entry would match nothing.')
      return value.split('*').length > 2
        ? new Unfit('at most one *', 'write one entry per family.')
        : undefined
    }),
    'an empty list would let no model through: leave the key out to allow all.',
  )
}

function region(): z.ZodType<string> {
  return matching(/^[a-z0-9-]+$/, 'a region of lower-case letters, digits and hyphens')
}
