// Whether the gateway answers at the name that clients use, with a certificate that will last.
import { type Check, type Examination, fail, ok, type Verdict, warn } from './check.ts'

const DAY_MS = 86_400_000
const MIN_DAYS = 21
const HANDSHAKE_MS = 4000

const CERTIFICATE =
  "see the certificate's state: a managed one waits for its CNAME in the public zone of the domain"

export const frontDoor: Check = {
  id: 'front-door',
  async examine(examination) {
    const { origin } = examination
    const url = new URL(origin)
    const certificate = url.protocol === 'https:' ? await certificateOf(url, examination) : null
    if (certificate?.status === 'fail') return certificate
    // Not /healthz: Google's front end keeps paths that end in z to itself.
    const response = await examination.transport('upstream')(`${origin}/health`)
    const health = judge(response.status, origin)
    return health.status === 'ok' && certificate?.status === 'warn' ? certificate : health
  },
}

async function certificateOf(url: URL, { network, clock }: Examination): Promise<Verdict> {
  const seen = await network.handshake(url, {
    purpose: 'upstream',
    connectTimeoutMs: HANDSHAKE_MS,
    proxy: 'never',
  })
  if (seen.kind === 'closed')
    return fail(
      `${url.host} does not open (${seen.cause})`,
      "let clients' networks reach the balancer on 443",
    )
  if (seen.distrust !== null)
    return fail(`the certificate of ${url.host} is not trusted (${seen.distrust})`, CERTIFICATE)
  const days = Math.floor(((seen.validTo?.getTime() ?? 0) - clock()) / DAY_MS)
  if (days < MIN_DAYS) return warn(`the certificate of ${url.host} ends in ${days} days`, CERTIFICATE)
  return ok(`the certificate of ${url.host} lasts ${days} days`)
}

function judge(status: number, origin: string): Verdict {
  if (status === 200) return ok(`${origin}/health answers 200`)
  if (status === 403) {
    const fix =
      'on Cloud Run let the invoker check admit all (service.invoker), or add this network to access_control.allow_cidrs'
    return fail(
      `${origin}/health answers 403: the request does not reach the gateway, or its address list refuses it`,
      fix,
    )
  }
  return fail(
    `${origin}/health answers ${status}`,
    'look whether the name leads to the gateway, and at its log',
  )
}
