// Whether the gateway sees developers' addresses, and not that of the proxy in front of it.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { createAddressSet, parseAddress } from '../lib/address.ts'
import { type Check, type Examination, fail, ok, skip, type Verdict } from './check.ts'

/** Where Cloud Run's own proxy sits. */
const LINK_LOCAL = '169.254.0.0/16'
const PROXIES = createAddressSet([LINK_LOCAL])
const LISTED = parseAddress('169.254.1.1')

export const trustedProxies: Check = {
  id: 'trusted-proxies',
  async examine(examination) {
    const { config, isOnCloudRun } = examination
    const proxies = createAddressSet(config.listen.trusted_proxies)
    if (isOnCloudRun && LISTED !== null && !proxies.includes(LISTED))
      return fail(
        "Cloud Run's own proxy is not trusted: all developers share one address",
        `add ${LINK_LOCAL} to listen.trusted_proxies`,
      )
    if (!isOnCloudRun)
      return skip("not on Cloud Run: compare client_ip of an audit line with the proxy's address")
    return observed(examination)
  },
}

/** Makes one request that is refused, and looks up which address its audit line names. */
async function observed(examination: Examination): Promise<Verdict> {
  const { origin, project } = examination
  const id = `doctor-${randomUUID()}`
  const response = await examination.transport('upstream')(`${origin}/v1/models`, {
    headers: { 'x-client-request-id': id },
  })
  await response.body?.cancel()
  if (response.status !== 401)
    return skip(`${origin}/v1/models answers a stranger with ${response.status}, not 401`)
  const filter = `jsonPayload.evt="auth.denied" AND jsonPayload.request_id="${id}"`
  const line = project === undefined ? null : await auditLine({ ...examination, project }, filter)
  if (line === null)
    return skip(`${UNREAD} gcloud logging read '${filter}' --limit 1 --format 'value(jsonPayload.client_ip)'`)
  return judge(line)
}

const UNREAD = 'its own request is not readable in the log; look yourself that client_ip is no proxy:'

function judge(clientIp: string): Verdict {
  const address = parseAddress(clientIp)
  if (address !== null && PROXIES.includes(address))
    return fail(
      `this request came from ${clientIp}, says the audit: a proxy`,
      `add ${LINK_LOCAL}, and the proxy-only subnet, to listen.trusted_proxies`,
    )
  return ok(`the audit says that this request came from ${clientIp}`)
}

/** The address in the audit line; null while the line cannot be read, by right or yet. */
async function auditLine(
  examination: Examination & { readonly project: string },
  filter: string,
): Promise<string | null> {
  const token = await examination.googleToken().catch(() => null)
  if (token === null) return null
  const ask = examination.transport('google')
  for (let look = 0; look < LOOKS; look += 1) {
    // Logging API, "entries.list".
    const response = await ask('https://logging.googleapis.com/v2/entries:list', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceNames: [`projects/${examination.project}`], filter, pageSize: 1 }),
    })
    if (!response.ok) return null
    const found = Entries.safeParse(await response.json())
    const [entry] = found.success ? found.data.entries : []
    if (entry !== undefined) return entry.jsonPayload.client_ip
    await examination.wait(PAUSE_MS)
  }
  return null
}

/** Lines are readable a moment after they were written. */
const LOOKS = 3
const PAUSE_MS = 1000

const Entries = z.object({
  entries: z.array(z.object({ jsonPayload: z.object({ client_ip: z.string() }) })).default([]),
})
