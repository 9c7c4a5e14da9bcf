// Whether this machine's time is the time of others: tokens and signatures are judged by it.
import { type Check, fail, ok, skip } from './check.ts'

const MAX_SKEW_MS = 30_000

export const clock: Check = {
  id: 'clock',
  async examine({ config, transport, clock: now }) {
    const { origin, host } = new URL(config.oidc.discovery_url ?? config.oidc.issuer)
    const asked = now()
    const response = await transport('idp')(origin)
    const answered = now()
    const date = Date.parse(response.headers.get('date') ?? '')
    if (Number.isNaN(date)) return skip(`${host} tells no time`)
    // The header has whole seconds, and was written at some moment of the exchange.
    const skew = date + 1000 < asked ? date + 1000 - asked : date > answered ? date - answered : 0
    const seconds = Math.round(skew / 1000)
    if (Math.abs(skew) > MAX_SKEW_MS)
      return fail(
        `the clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'ahead of' : 'behind'} ${host}`,
        "set the machine's clock: tokens are refused by the second",
      )
    return ok(`the clock agrees with ${host} within ${Math.abs(seconds) + 1} s`)
  },
}
