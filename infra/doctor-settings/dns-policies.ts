// Whether the network has a DNS policy already: it takes one, and resolvers outside need one with forwarding.
import { z } from 'zod'
import { fail, ok, warn } from '../../app/doctor/check.ts'
import { isLinkTo, networkIdOf, networkProjectOf, type SettingsCheck, unread } from './settings-check.ts'

const Page = z.object({
  policies: z
    .array(
      z.object({
        name: z.string(),
        enableInboundForwarding: z.boolean().default(false),
        networks: z.array(z.object({ networkUrl: z.string() })).default([]),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
})

/** Cloud DNS v1, `policies.list` of the project that owns the network. */
export const dnsPolicies: SettingsCheck = {
  id: 'dns-policy',
  async examine({ settings, google }) {
    const { name, network } = settings
    const project = networkProjectOf(settings)
    const url = new URL(`/dns/v1/projects/${project}/policies`, 'https://dns.googleapis.com')
    const answer = await google.pages(Page, url)
    if (answer.kind === 'refused') return unread(answer, `the DNS policies of ${project}`)
    const id = networkIdOf(settings)
    const found = answer.value
      .flatMap(({ policies }) => policies)
      .find(({ networks }) => networks.some(({ networkUrl }) => isLinkTo(id, networkUrl)))
    if (found !== undefined && found.name !== `${name}-inbound`) {
      if (network.inboundResolver)
        return fail(`the network has the DNS policy ${found.name}`, 'network.inboundResolver: false')
      if (!found.enableInboundForwarding)
        return warn(
          `the DNS policy ${found.name} takes no queries from outside`,
          'switch on inbound forwarding there, or laptops cannot resolve the gateway',
        )
      return ok(`the DNS policy ${found.name} takes queries from outside`)
    }
    if (network.inboundResolver) return ok('no other DNS policy is in the way')
    return warn(
      'the network has no DNS policy that takes queries from outside',
      'network.inboundResolver: true, unless laptops resolve inside the network',
    )
  },
}
