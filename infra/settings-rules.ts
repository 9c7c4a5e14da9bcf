// What one key cannot say alone: ranges that meet, connections that run out, features that need another key.
// A mistake that is found here fails the synth, not an apply that has half happened (G-5).
import type { Finding, Path } from '../app/config/problems.ts'
import type { Tree } from '../app/config/tree.ts'
import { addressCount, holds, overlap } from './cidr.ts'
import { connectionLimit, instancesThatFit } from './connections.ts'
import { absent } from './settings-findings.ts'
import type { ParsedSettings } from './settings-schema.ts'

/** Judges what could be parsed: a key with a fault of its own is absent here. */
type SettingsRule = (settings: Partial<ParsedSettings>, tree: Tree) => Finding[]

/** Every rule; each reports on its own, so that one report holds all problems. */
export const SETTINGS_RULES: readonly SettingsRule[] = [
  names,
  imageByPhase,
  ranges,
  sizes,
  existingNetwork,
  frontend,
  databaseShape,
  connections,
  generations,
  extraSecrets,
  directory,
  instances,
  traffic,
  build,
]

/** Google wants 6 to 30 characters; the shortest name that is made is `<name>-run`. */
function names({ name }: Partial<ParsedSettings>): Finding[] {
  if (name === undefined || name.length >= 2) return []
  const text = `makes the service account ${name}-run, and Google wants at least 6 characters.`
  return [{ path: ['name'], text, fix: 'use two characters or more.' }]
}

function imageByPhase({ phase }: Partial<ParsedSettings>, tree: Tree): Finding[] {
  if (phase === undefined || phase === 'foundation' || tree.has('image')) return []
  const finding = absent(['image'], `phase ${phase} runs it.`)
  return [{ ...finding, fix: 'set GATEHOUSE_IMAGE, or apply with GATEHOUSE_PHASE=foundation first.' }]
}

function ranges({ network, frontend, database }: Partial<ParsedSettings>): Finding[] {
  if (network === undefined) return []
  const findings: Finding[] = []
  const hasProxies = frontend?.topology !== 'run-app'
  const keys = ['egressCidr', 'endpointsCidr', ...(hasProxies ? (['proxyOnlyCidr'] as const) : [])] as const
  for (const [index, key] of keys.entries()) {
    for (const other of keys.slice(0, index)) {
      if (!overlap(network[key], network[other])) continue
      const text = `${network[key]} overlaps network.${other}, ${network[other]}.`
      findings.push({ path: ['network', key], text, fix: 'give each its own range.' })
    }
    if (holds(network[key], network.googleApisAddress)) {
      const text = `${network.googleApisAddress} lies in network.${key}, ${network[key]}.`
      const fix = 'take an address outside every subnet: it is announced by itself.'
      findings.push({ path: ['network', 'googleApisAddress'], text, fix })
    }
  }
  const { endpointAddress } = database ?? {}
  if (
    endpointAddress !== undefined &&
    network.mode === 'create' &&
    !holds(network.endpointsCidr, endpointAddress)
  ) {
    const text = `${endpointAddress} lies outside network.endpointsCidr, ${network.endpointsCidr}.`
    findings.push({ path: ['database', 'endpointAddress'], text, fix: 'take an address of that range.' })
  }
  return findings
}

/** Old and new revisions overlap, and Cloud Run takes addresses in blocks: four for each instance. */
function sizes({ network, service, frontend }: Partial<ParsedSettings>, tree: Tree): Finding[] {
  if (network === undefined) return []
  const findings: Finding[] = []
  const isJudged = network.mode === 'create' || tree.has('network', 'egressCidr')
  const needed = Math.max(64, 4 * (service?.maxInstances ?? 1))
  if (isJudged && addressCount(network.egressCidr) < needed) {
    const text = `holds ${addressCount(network.egressCidr)} addresses, and ${needed} are needed: at least a /26, and 4 for each of service.maxInstances.`
    const fix = `use a /${32 - Math.ceil(Math.log2(needed))} or larger.`
    findings.push({ path: ['network', 'egressCidr'], text, fix })
  }
  if (frontend?.topology !== 'run-app' && addressCount(network.proxyOnlyCidr) < 64) {
    const text = `holds ${addressCount(network.proxyOnlyCidr)} addresses.`
    findings.push({
      path: ['network', 'proxyOnlyCidr'],
      text,
      fix: 'use a /26 or larger; Google advises a /23.',
    })
  }
  if (network.mode === 'create' && network.egress === 'ALL_TRAFFIC' && network.natAddresses === 0) {
    const text = '0 leaves no way out: a network that the stack makes has no other NAT.'
    findings.push({ path: ['network', 'natAddresses'], text, fix: 'use 1 or more.' })
  }
  if (network.mode === 'create' && addressCount(network.endpointsCidr) < 8) {
    const text = `holds ${addressCount(network.endpointsCidr)} addresses, of which Google keeps four.`
    findings.push({
      path: ['network', 'endpointsCidr'],
      text,
      fix: 'use a /29 or larger; the default is a /28.',
    })
  }
  return findings
}

const EXISTING_IDS = ['network', 'egressSubnet', 'endpointsSubnet'] as const

function existingNetwork(
  { network, frontend, database, region }: Partial<ParsedSettings>,
  tree: Tree,
): Finding[] {
  if (network === undefined) return []
  if (network.mode === 'create') {
    return EXISTING_IDS.filter(key => network[key] !== undefined).map(key => ({
      path: ['network', key],
      at: 'key',
      text: 'is not used with mode create.',
      fix: 'remove it, or set network.mode: existing.',
    }))
  }
  const findings = EXISTING_IDS.filter(key => !tree.has('network', key)).map(key =>
    absent(['network', key], 'network.mode is existing.'),
  )
  // The defaults of these are free addresses of the network that the stack makes: of another one they say nothing.
  const stated: Path[] = [['network', 'googleApisAddress']]
  if (frontend?.topology !== 'run-app') stated.push(['network', 'proxyOnlyCidr'])
  if (database?.connectivity === 'psc' && !tree.has('database', 'endpointAddress')) {
    stated.push(['network', 'endpointsCidr'])
  }
  for (const path of stated) {
    if (!tree.has(...path))
      findings.push(absent(path, 'the default belongs to a network that the stack makes.'))
  }
  for (const key of ['egressSubnet', 'endpointsSubnet'] as const) {
    const subnet = network[key]
    if (subnet === undefined || region === undefined || subnet.includes(`/regions/${region}/`)) continue
    findings.push({
      path: ['network', key],
      text: `is not in the region ${region}.`,
      fix: 'name one that is.',
    })
  }
  return findings
}

function frontend({ frontend, googleProvider }: Partial<ParsedSettings>, tree: Tree): Finding[] {
  if (frontend === undefined) return []
  const findings: Finding[] = []
  const { topology } = frontend
  if (frontend.clientCidrs.length === 0) {
    const text = 'is empty: every address would be let in.'
    findings.push({
      path: ['frontend', 'clientCidrs'],
      text,
      fix: 'list ranges, or remove the key for all private ones.',
    })
  }
  if (topology === 'load-balancer' && !tree.has('frontend', 'host')) {
    findings.push(absent(['frontend', 'host'], 'the load balancer has a name of your own.'))
  }
  if (topology === 'run-app') {
    for (const key of ['host', 'certificate', 'armor'] as const) {
      if (!tree.has('frontend', key)) continue
      const fix = 'remove it, or set frontend.topology: load-balancer.'
      findings.push({ path: ['frontend', key], at: 'key', text: 'is not used with topology run-app.', fix })
    }
  }
  if (frontend.armor && googleProvider !== undefined && isOlder(googleProvider, '7.8.0')) {
    const text = `needs the Google provider 7.8.0, and googleProvider is ${googleProvider}.`
    findings.push({ path: ['frontend', 'armor'], text, fix: 'raise googleProvider, or set it to false.' })
  }
  return findings
}

function databaseShape({ database }: Partial<ParsedSettings>): Finding[] {
  if (database === undefined) return []
  const findings: Finding[] = []
  const { edition, tier, login, path, connectivity, backups } = database
  const isOfPlus = tier.startsWith('db-perf-')
  if (isOfPlus !== (edition === 'ENTERPRISE_PLUS')) {
    const text = `${tier} is no tier of the edition ${edition}.`
    const fix = isOfPlus
      ? 'set edition: ENTERPRISE_PLUS.'
      : 'use a db-perf-optimized-N-… tier, or edition ENTERPRISE.'
    findings.push({ path: ['database', 'tier'], text, fix })
  }
  if (login === 'iam' && path === 'direct') {
    const text = 'direct needs a password: an IAM login is made by the connector.'
    findings.push({ path: ['database', 'path'], text, fix: 'set path: connector, or login: password.' })
  }
  if (connectivity === 'psa' && path === 'direct') {
    const text = 'direct needs an address that is known before the database is made.'
    findings.push({
      path: ['database', 'path'],
      text,
      fix: 'set connectivity: psc, or path: connector.',
    })
  }
  if (backups.logDays > 7 && edition === 'ENTERPRISE') {
    const text = `${backups.logDays} days of logs are kept by ENTERPRISE_PLUS only.`
    findings.push({ path: ['database', 'backups', 'logDays'], text, fix: 'use 7 or less.' })
  }
  return findings
}

/** The connection budget (G-31). */
function connections({ database, service }: Partial<ParsedSettings>): Finding[] {
  if (database === undefined || service === undefined) return []
  const limit = connectionLimit(database)
  if (limit === null) {
    const text = `the connection limit of ${database.tier} is not known here.`
    const fix = 'state it: the number becomes the flag max_connections of the instance.'
    return [{ path: ['database', 'maxConnections'], at: 'parent', text, fix }]
  }
  const { maxInstances } = service
  const fitting = instancesThatFit(limit, database.poolSize)
  if (maxInstances <= fitting) return []
  const needed = 2 * maxInstances * database.poolSize
  const text = `2 × ${maxInstances} instances × ${database.poolSize} connections = ${needed}, and ${limit} − 10 are free: old and new revisions overlap.`
  const fix =
    fitting === 0
      ? `no instance fits: lower database.poolSize to ${Math.max(1, Math.floor((limit - 10) / 2))} or less, or take a larger tier.`
      : `the largest count that fits is ${fitting}; or lower database.poolSize, or take a larger tier.`
  return [{ path: ['service', 'maxInstances'], at: 'value', text, fix }]
}

/** Newest first: index 0 signs. */
function generations({ secrets }: Partial<ParsedSettings>): Finding[] {
  const numbers = secrets?.jwt.generations ?? []
  if (numbers.every((number, index) => index === 0 || number < (numbers[index - 1] ?? 0))) return []
  const text = 'must fall: the newest generation stands first and signs.'
  return [{ path: ['secrets', 'jwt', 'generations'], text, fix: 'write such as [2, 1].' }]
}

const OWN_SECRETS = ['config', 'jwt', 'oidc-client-secret', 'db-bootstrap', 'db-password']

function extraSecrets({ secrets }: Partial<ParsedSettings>): Finding[] {
  return Object.keys(secrets?.extra ?? {})
    .filter(name => OWN_SECRETS.includes(name))
    .map(name => ({
      path: ['secrets', 'extra', name],
      at: 'key',
      text: 'is a secret that the stack makes itself.',
      fix: 'choose another name.',
    }))
}

function directory({ directory, secrets }: Partial<ParsedSettings>, tree: Tree): Finding[] {
  if (directory === undefined) return []
  const { mode, adminEmail } = directory
  const impersonates = mode === 'delegation' || mode === 'key'
  const findings: Finding[] = []
  if (impersonates && !tree.has('directory', 'adminEmail')) {
    findings.push(absent(['directory', 'adminEmail'], `mode ${mode} asks in the name of an administrator.`))
  }
  if (!impersonates && adminEmail !== undefined) {
    const text = `is not used with mode ${mode}.`
    findings.push({ path: ['directory', 'adminEmail'], at: 'key', text, fix: 'remove it.' })
  }
  if (mode === 'key' && secrets !== undefined && secrets.extra['directory-key'] === undefined) {
    const finding = absent(['secrets', 'extra', 'directory-key'], 'mode key reads the key file from it.')
    findings.push({ ...finding, fix: 'add `directory-key: { version: 1 }`.' })
  }
  return findings
}

function instances({ service }: Partial<ParsedSettings>): Finding[] {
  if (service === undefined || service.minInstances <= service.maxInstances) return []
  const text = `is more than service.maxInstances, ${service.maxInstances}.`
  return [{ path: ['service', 'minInstances'], text, fix: 'raise the other, or lower this one.' }]
}

function traffic({ service }: Partial<ParsedSettings>, tree: Tree): Finding[] {
  if (service?.pinnedRevision === undefined || !tree.has('service', 'canary')) return []
  const text = 'cannot stand beside service.canary: both say which revision gets the traffic.'
  return [{ path: ['service', 'pinnedRevision'], at: 'key', text, fix: 'remove one of them.' }]
}

function build({ build }: Partial<ParsedSettings>): Finding[] {
  if (build === undefined) return []
  if (build.enabled && build.repository === undefined) {
    return [absent(['build', 'repository'], 'the triggers watch it.')]
  }
  return []
}

function isOlder(version: string, than: string): boolean {
  const [left = [], right = []] = [version, than].map(text => text.split('.').map(Number))
  const index = left.findIndex((part, at) => part !== right[at])
  return index !== -1 && (left[index] ?? 0) < (right[index] ?? 0)
}
