// The settings' ranges against the subnets that are there: what overlaps, and what is there only once.
import { z } from 'zod'
import { fail, ok, type Verdict, warn } from '../../app/doctor/check.ts'
import { addressCount, holds, overlap } from '../cidr.ts'
import type { Settings } from '../settings.ts'
import { isLinkTo, networkIdOf, networkProjectOf, type SettingsCheck, unread } from './settings-check.ts'

const Subnet = z.object({
  name: z.string(),
  network: z.string(),
  region: z.string(),
  selfLink: z.string(),
  ipCidrRange: z.string().optional(),
  purpose: z.string().optional(),
  role: z.string().optional(),
  secondaryIpRanges: z.array(z.object({ ipCidrRange: z.string() })).default([]),
})
const Page = z.object({
  items: z.record(z.string(), z.object({ subnetworks: z.array(Subnet).default([]) })).default({}),
  nextPageToken: z.string().optional(),
})
type Subnet = z.infer<typeof Subnet>

/** Compute v1, `subnetworks.aggregatedList` of the project that owns the network. */
export const subnets: SettingsCheck = {
  id: 'subnets',
  async examine({ settings, google }) {
    const project = networkProjectOf(settings)
    const url = new URL(
      `/compute/v1/projects/${project}/aggregated/subnetworks`,
      'https://compute.googleapis.com',
    )
    url.searchParams.set('maxResults', '500')
    const answer = await google.pages(Page, url)
    if (answer.kind === 'refused') return unread(answer, `the subnets of ${project}`)
    const all = answer.value.flatMap(({ items }) => Object.values(items).flatMap(item => item.subnetworks))
    const findings = [...overlaps(settings, all), ...proxyOnly(settings, all), ...existing(settings, all)]
    return findings.length > 0 ? findings : ok(`no range of the settings meets one of ${all.length} subnets`)
  },
}

/** Ranges that the stack makes, by the key that holds each. */
function ownRanges({ network, frontend }: Settings): (readonly [string, string])[] {
  const isMade = network.mode === 'create'
  const hasProxies = frontend.topology === 'load-balancer' && network.createProxyOnlySubnet
  return [
    ...(isMade ? ([['egressCidr', network.egressCidr]] as const) : []),
    ...(isMade ? ([['endpointsCidr', network.endpointsCidr]] as const) : []),
    ...(hasProxies ? ([['proxyOnlyCidr', network.proxyOnlyCidr]] as const) : []),
    ['googleApisAddress', `${network.googleApisAddress}/32`],
  ]
}

/** A later apply finds the subnets that the first one made. */
function isOurs(settings: Settings, subnet: Subnet): boolean {
  const { name, region, network } = settings
  const names = network.mode === 'create' ? ['egress', 'endpoints', 'proxy-only'] : ['proxy-only']
  return names.some(
    role =>
      subnet.name === `${name}-${role}` &&
      subnet.selfLink.includes(`/projects/${networkProjectOf(settings)}/`) &&
      subnet.region.endsWith(`/${region}`),
  )
}

function overlaps(settings: Settings, all: readonly Subnet[]): Verdict[] {
  const id = networkIdOf(settings)
  return all
    .filter(subnet => !isOurs(settings, subnet))
    .flatMap(subnet =>
      rangesOf(subnet).flatMap(range =>
        ownRanges(settings)
          .filter(([, own]) => overlap(own, range))
          .map(([key, own]) => {
            const met = `network.${key}, ${own}, meets the subnet ${subnet.name}, ${range}`
            const fix = `give network.${key} another range`
            return isLinkTo(id, subnet.network)
              ? fail(met, fix)
              : warn(`${met}, of another network`, `${fix}, if a peering or VPN joins the two`)
          }),
      ),
    )
}

/** A network has one active proxy-only subnet in each region, whoever made it (G-15). */
function proxyOnly(settings: Settings, all: readonly Subnet[]): Verdict[] {
  const { network, frontend, region } = settings
  if (frontend.topology !== 'load-balancer') return []
  const found = all.find(
    subnet =>
      subnet.purpose === 'REGIONAL_MANAGED_PROXY' &&
      subnet.role !== 'BACKUP' &&
      isLinkTo(networkIdOf(settings), subnet.network) &&
      subnet.region.endsWith(`/${region}`) &&
      !isOurs(settings, subnet),
  )
  if (network.createProxyOnlySubnet) {
    if (found === undefined) return []
    const fix = `network.createProxyOnlySubnet: false, and network.proxyOnlyCidr: ${found.ipCidrRange}`
    return [fail(`the network has a proxy-only subnet in ${region}: ${found.name}`, fix)]
  }
  if (found === undefined)
    return [fail(`the network has no proxy-only subnet in ${region}`, 'network.createProxyOnlySubnet: true')]
  if (found.ipCidrRange === network.proxyOnlyCidr) return []
  return [
    fail(
      `the proxies are in ${found.ipCidrRange}, and the gateway would believe ${network.proxyOnlyCidr}`,
      `network.proxyOnlyCidr: ${found.ipCidrRange}`,
    ),
  ]
}

/** Subnets that the settings name. */
function existing({ network, service, database }: Settings, all: readonly Subnet[]): Verdict[] {
  if (network.mode === 'create') return []
  const verdicts: Verdict[] = []
  const named = (['egressSubnet', 'endpointsSubnet'] as const).map(key => {
    const id = network[key] ?? ''
    const subnet = all.find(({ selfLink }) => isLinkTo(id, selfLink))
    if (subnet === undefined) verdicts.push(fail(`${id} is not there`, `correct network.${key}`))
    else if (!isLinkTo(network.network ?? '', subnet.network))
      verdicts.push(fail(`${subnet.name} is in another network`, `correct network.${key}`))
    return subnet?.ipCidrRange
  })
  const [egress, endpoints] = named
  const needed = Math.max(64, 4 * service.maxInstances)
  if (egress !== undefined && addressCount(egress) < needed)
    verdicts.push(
      fail(
        `the egress subnet, ${egress}, has fewer than ${needed} addresses`,
        'name a larger one as network.egressSubnet, or lower service.maxInstances',
      ),
    )
  const { connectivity, endpointAddress } = database
  if (connectivity === 'psc' && endpoints !== undefined && !holds(endpoints, endpointAddress))
    verdicts.push(
      fail(
        `${endpointAddress} lies outside the endpoints subnet, ${endpoints}`,
        `network.endpointsCidr: ${endpoints}, or database.endpointAddress: an address of it`,
      ),
    )
  return verdicts
}

function rangesOf({ ipCidrRange, secondaryIpRanges }: Subnet): string[] {
  return [ipCidrRange, ...secondaryIpRanges.map(range => range.ipCidrRange)].filter(
    range => range !== undefined && !range.includes(':'),
  ) as string[] // what is left are IPv4 ranges
}
