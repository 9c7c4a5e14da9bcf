// What things are called: Google's limits, and the names that clients look up (G-5, G-24 to G-26).
import type { StackJson } from '../terraform/stack-json.ts'
import { blocksAt, type Fact, ofType, valueAt } from './fact.ts'

/** Names of which Google documents a form. */
const FORMS: readonly (readonly [type: string, argument: string, form: RegExp])[] = [
  // A global endpoint of Private Service Connect: 1 to 20 lowercase letters or digits, a letter first.
  ['google_compute_global_forwarding_rule', 'name', /^[a-z][a-z0-9]{0,19}$/],
  ['google_service_account', 'account_id', /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/],
  ['google_project_iam_custom_role', 'role_id', /^[a-zA-Z0-9_.]{3,64}$/],
  ['google_secret_manager_secret', 'secret_id', /^[A-Za-z0-9_-]{1,255}$/],
  ['google_cloud_run_v2_service', 'name', /^[a-z][a-z0-9-]{0,47}[a-z0-9]$/],
  ['google_cloud_run_v2_job', 'name', /^[a-z][a-z0-9-]{0,47}[a-z0-9]$/],
  ['google_sql_database_instance', 'name', /^[a-z][a-z0-9-]{0,96}[a-z0-9]$/],
  ['google_compute_subnetwork', 'name', /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/],
  ['google_compute_forwarding_rule', 'name', /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/],
  ['google_compute_address', 'name', /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/],
]

const ZONE = 'google_dns_managed_zone'
const RECORD = 'google_dns_record_set'

export const NAMES: readonly Fact[] = [
  {
    sentence: 'every name has the form that Google wants',
    broken: stack =>
      FORMS.flatMap(([type, argument, form]) =>
        ofType(stack, type)
          .filter(({ block }) => !form.test(String(block[argument])))
          .map(({ address, block }) => `${address}: ${argument} is ${block[argument]}`),
      ),
  },
  {
    sentence: 'the network has a zone for the host that clients call, and no wider one',
    broken: stack => {
      const host = hostOf(stack)
      const zones = ofType(stack, ZONE).map(({ block }) => String(block['dns_name']))
      if (zones.length === 0 || host === null) return []
      const own = zones.filter(
        zone => `${host}.` === zone || (zone === 'run.app.' && host.endsWith('.run.app')),
      )
      const wider = zones.filter(zone => `${host}.`.endsWith(`.${zone}`) && zone !== 'run.app.')
      return [
        ...(own.length === 1 || !isComplete(stack) ? [] : [`${ZONE}: no zone is called ${host}.`]),
        ...wider.map(zone => `${ZONE}: ${zone} hides other names of the company`),
      ]
    },
  },
  {
    sentence: 'Google’s APIs and run.app are answered inside, the sign-in of users is not',
    broken: stack => {
      if (!isComplete(stack)) return []
      const zones = ofType(stack, ZONE).map(({ block }) => String(block['dns_name']))
      return [
        ...['googleapis.com.', 'run.app.']
          .filter(zone => !zones.includes(zone))
          .map(zone => `${ZONE}: no ${zone}`),
        ...zones
          .filter(zone => /(^|\.)google\.com\.$/.test(zone))
          .map(zone => `${ZONE}: ${zone} is captured`),
      ]
    },
  },
  {
    sentence: 'a record is named as its own zone, or is the wildcard of it, and none is of IPv6',
    broken: stack =>
      ofType(stack, RECORD).flatMap(({ address, block }) => {
        const zone = /^\$\{(google_dns_managed_zone\.[\w-]+)\.name\}$/.exec(
          String(block['managed_zone']),
        )?.[1]
        const apex = `\${${zone}.dns_name}`
        const isNamed = block['type'] === 'CNAME' ? block['name'] === `*.${apex}` : block['name'] === apex
        return [
          ...(isNamed ? [] : [`${address}: name is ${block['name']}`]),
          ...(block['type'] === 'AAAA' ? [`${address}: type is AAAA`] : []),
          ...(block['type'] === 'CNAME' && valueAt(block, 'rrdatas.0') !== apex
            ? [`${address}: it points to ${blocksAt(block, 'rrdatas')}`]
            : []),
        ]
      }),
  },
  {
    sentence: 'a managed certificate is for the host that clients call',
    broken: stack =>
      [
        ...ofType(stack, 'google_certificate_manager_certificate').flatMap(({ address, block }) =>
          blocksAt(block, 'managed.domains').map(domain => ({ address, domain })),
        ),
        ...ofType(stack, 'google_certificate_manager_dns_authorization').map(({ address, block }) => ({
          ...{ address, domain: block['domain'] },
        })),
      ]
        .filter(({ domain }) => domain !== hostOf(stack))
        .map(({ address, domain }) => `${address}: it is for ${domain}`),
  },
]

function isComplete(stack: StackJson): boolean {
  return ofType(stack, 'google_cloud_run_v2_service').length > 0
}

/** Of the output that tells people where the gateway is. */
function hostOf(stack: StackJson): string | null {
  const [url = ''] = String(stack.output?.['public_url']?.['value'] ?? '').split('\n')
  return URL.canParse(url) ? new URL(url).hostname : null
}
