// Whether everything that the gateway has to reach can be reached: name, port and certificate.
import type { Config } from '../config/config.ts'
import { urlOf } from '../inference/upstreams/open.ts'
import { type Check, fail, ok, type Verdict } from './check.ts'

const HANDSHAKE_MS = 4000

interface Destination {
  readonly purpose: string
  readonly url: URL
  readonly ca?: string | undefined
}

export const egress: Check = {
  id: 'egress',
  async examine({ config, network }) {
    const verdicts = await Promise.all(
      destinationsOf(config).map(async ({ purpose, url, ca }): Promise<Verdict> => {
        const isTls = url.protocol === 'https:'
        const port = Number(url.port || (isTls ? 443 : 80))
        const seen = await network.handshake({ host: url.hostname, port, isTls, ca }, HANDSHAKE_MS)
        if (seen.kind === 'closed')
          return fail(
            `${purpose}: ${url.host} cannot be reached (${seen.cause})`,
            'let the gateway out: NAT, egress mode or forward proxy',
          )
        if (seen.distrust !== null)
          return fail(
            `${purpose}: the certificate of ${url.host} is not trusted (${seen.distrust})`,
            'let nothing between end TLS, or name its authority: NODE_EXTRA_CA_CERTS, oidc.ca_cert_pem',
          )
        return ok(`${purpose}: ${url.host}`)
      }),
    )
    const wrong = verdicts.filter(({ status }) => status !== 'ok')
    return wrong.length > 0 ? wrong : ok(`reached: ${verdicts.map(({ evidence }) => evidence).join('; ')}`)
  },
}

function destinationsOf({ oidc, upstreams, telemetry }: Config): Destination[] {
  const named = (purpose: string, text: string): Destination => ({ purpose, url: new URL(text) })
  return [
    { ...named('identity provider', oidc.discovery_url ?? oidc.issuer), ca: oidc.ca_cert_pem },
    ...upstreams.flatMap(upstream => {
      const url = urlOf(upstream)
      return url === null ? [] : [{ purpose: `upstream ${upstream.name}`, url }]
    }),
    ...(telemetry?.forward_to ?? []).map(({ url }, index) => named(`collector ${index}`, url)),
  ]
}
