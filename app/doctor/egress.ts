// Whether everything that the gateway has to reach can be reached: name, port and certificate.
import type { Config } from '../config/config.ts'
import { urlOf } from '../inference/upstreams/open.ts'
import { upstreamProxy } from '../inference/upstreams/upstream-proxy.ts'
import type { DispatcherOptions } from '../net/network.ts'
import { idpProxyUse } from '../net/proxy-use.ts'
import { type Check, fail, ok, type Verdict } from './check.ts'

const HANDSHAKE_MS = 4000

interface Destination {
  /** In words. */
  readonly what: string
  readonly url: URL
  /** The way that the gateway takes there. */
  readonly way: DispatcherOptions
}

export const egress: Check = {
  id: 'egress',
  async examine({ config, network }) {
    const verdicts = await Promise.all(
      destinationsOf(config).map(async ({ what, url, way }): Promise<Verdict> => {
        const seen = await network.handshake(url, { ...way, connectTimeoutMs: HANDSHAKE_MS })
        if (seen.kind === 'closed')
          return fail(
            `${what}: ${url.host} cannot be reached (${seen.cause})`,
            'let the gateway out: NAT, egress mode or forward proxy',
          )
        if (seen.distrust !== null)
          return fail(
            `${what}: the certificate of ${url.host} is not trusted (${seen.distrust})`,
            'let nothing between end TLS, or name its authority: NODE_EXTRA_CA_CERTS, oidc.ca_cert_pem',
          )
        return ok(`${what}: ${url.host}`)
      }),
    )
    const wrong = verdicts.filter(({ status }) => status !== 'ok')
    return wrong.length > 0 ? wrong : ok(`reached: ${verdicts.map(({ evidence }) => evidence).join('; ')}`)
  },
}

function destinationsOf({ oidc, upstreams, telemetry }: Config): Destination[] {
  return [
    {
      ...{ what: 'identity provider', url: new URL(oidc.discovery_url ?? oidc.issuer) },
      way: { purpose: 'idp', ca: oidc.ca_cert_pem, proxy: idpProxyUse(oidc.use_proxy) },
    },
    ...upstreams.map((upstream): Destination => {
      const way = { purpose: 'upstream', proxy: upstreamProxy(upstream.provider) } as const
      return { what: `upstream ${upstream.name}`, url: urlOf(upstream), way }
    }),
    ...(telemetry?.forward_to ?? []).map(({ url }, index): Destination => {
      return { what: `collector ${index}`, url: new URL(url), way: { purpose: 'telemetry' } }
    }),
  ]
}
