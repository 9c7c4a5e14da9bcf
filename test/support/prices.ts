// What replies cost at the prices of a small configuration.
import { UpstreamsSection } from '../../app/config/upstreams.ts'
import { pricedModels } from '../../app/inference/priced-models.ts'
import { type Cost, Pricing, type PricingOptions, type Usage } from '../../app/spend/pricing.ts'

export interface PriceOptions extends Partial<Omit<PricingOptions, 'models'>> {
  /** Default: `main`, which is the Anthropic API. */
  readonly upstream?: string
  /** What the client asked for; default: the string that is sent. */
  readonly requested?: string
  /** What the catalogue calls it; default: as requested. */
  readonly id?: string
}

const UPSTREAMS = UpstreamsSection.parse([
  { name: 'main', provider: 'anthropic', auth: { api_key: 'k' } },
  { name: 'vertex-anywhere', provider: 'vertex', region: 'global', project_id: 'p', auth: {} },
  { name: 'vertex-belgium', provider: 'vertex', region: 'europe-west1', project_id: 'p', auth: {} },
  { name: 'bedrock', provider: 'bedrock', region: 'eu-west-1', auth: {} },
])

export function pricingOf({ pricing, regionalPremium = false }: PriceOptions = {}): Pricing {
  return new Pricing({ models: pricedModels(UPSTREAMS), pricing, regionalPremium })
}

/** The cost of `usage` when `sentAs` was asked for. */
export function priced(sentAs: string, usage: Usage, options: PriceOptions = {}): Cost {
  const { upstream = 'main', requested = sentAs, id = requested } = options
  return pricingOf(options).cost(usage, { upstream, sentAs, requested, id })
}

interface Reply extends Partial<Omit<Usage, 'parts' | 'served_model'>> {
  /** What the reply calls its model. */
  readonly model?: string
}

/** A reply of one part that used `tokens`, and nothing else. */
export function usageOf(
  tokens: Readonly<Partial<Omit<Usage['parts'][number], 'model'>>>,
  { model = 'claude-served', ...reply }: Reply = {},
): Usage {
  return {
    parts: [partOf(model, tokens)],
    ...{ served_model: model, web_searches: 0, speed: null, inference_geo: null },
    ...reply,
  }
}

export function partOf(
  model: string,
  tokens: Readonly<Partial<Omit<Usage['parts'][number], 'model'>>>,
): Usage['parts'][number] {
  return { ...{ model, input: 0, output: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 }, ...tokens }
}
