import type { Config } from './config.ts'

/** Reports whether any upstream gets a bearer of the service's own identity in Entra ID, which a metadata server may hand out. */
export function usesEntra({ upstreams }: Pick<Config, 'upstreams'>): boolean {
  return upstreams.some(({ provider, auth }) => provider === 'foundry' && auth.use_azure_ad === true)
}
