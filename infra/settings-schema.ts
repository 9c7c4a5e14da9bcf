/** Every key of an environment's settings file, with its check and its default (infra/README.md says why). */
import { z } from 'zod'
import { addressList } from '../app/config/address-list.ts'
import { emailDomain } from '../app/config/oidc.ts'
import {
  choice,
  closed,
  decimal,
  emailAddress,
  flag,
  list,
  matching,
  scalar,
  text,
  Unfit,
  whole,
} from '../app/config/scalar.ts'
import { httpUrl } from '../app/config/url.ts'
import { parseAddress } from '../app/lib/address.ts'
import { parseCidr } from './cidr.ts'

/** Private and shared address space, loopback, and unique local IPv6: whom a laptop on the VPN can be. */
const PRIVATE_CLIENTS = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '::1/128',
  'fc00::/7',
]

const Network = closed({
  mode: choice(['create', 'existing']).default('create'),
  /** The three ids are for `existing`; a Shared VPC is one whose project is another. */
  network: resource('projects/<project>/global/networks/<name>').optional(),
  egressSubnet: resource('projects/<project>/regions/<region>/subnetworks/<name>').optional(),
  endpointsSubnet: resource('projects/<project>/regions/<region>/subnetworks/<name>').optional(),
  egressCidr: cidr().default('10.64.0.0/24'),
  endpointsCidr: cidr().default('10.64.1.0/28'),
  proxyOnlyCidr: cidr().default('10.64.2.0/23'),
  createProxyOnlySubnet: flag().default(true),
  googleApisAddress: address().default('10.64.4.10'),
  egress: choice(['PRIVATE_RANGES_ONLY', 'ALL_TRAFFIC']).default('PRIVATE_RANGES_ONLY'),
  /** 0 where an existing network has a NAT of its own. */
  natAddresses: whole(0, 16).default(1),
  /** Unset: true iff the stack creates the network. */
  inboundResolver: flag().optional(),
})

const Certificate = z.discriminatedUnion('kind', [
  closed({ kind: z.literal('managed') }),
  closed({
    kind: z.literal('private-ca'),
    caPool: resource('projects/<project>/locations/<region>/caPools/<name>'),
  }),
  closed({
    kind: z.literal('existing'),
    id: resource('projects/<project>/locations/<region>/certificates/<name>'),
  }),
])

const Frontend = closed({
  topology: choice(['load-balancer', 'run-app']).default('load-balancer'),
  host: hostName().optional(),
  certificate: Certificate.default({ kind: 'managed' }),
  clientCidrs: addressList().default(PRIVATE_CLIENTS),
  armor: flag().default(false),
})

const Database = closed({
  version: matching(/^POSTGRES_1[4-8]$/, 'POSTGRES_14 to POSTGRES_18').default('POSTGRES_17'),
  edition: choice(['ENTERPRISE', 'ENTERPRISE_PLUS']).default('ENTERPRISE'),
  tier: matching(/^db-[a-z0-9-]+$/, 'a tier such as db-custom-1-3840').default('db-custom-1-3840'),
  availability: choice(['REGIONAL', 'ZONAL']).default('REGIONAL'),
  connectivity: choice(['psc', 'psa']).default('psc'),
  login: choice(['iam', 'password']).default('iam'),
  path: choice(['connector', 'direct']).default('connector'),
  poolSize: whole(1, 100).default(5),
  /** Unset: the limit of the tier. Set: also the instance's flag. */
  maxConnections: whole(14, 262_143).optional(),
  backups: closed({
    start: matching(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'a time of day such as "03:00"').default('03:00'),
    retained: whole(1, 365).default(14),
    logDays: whole(1, 35).default(7),
  }).prefault({}),
  passwordGeneration: whole(1, 10_000).default(1),
  /** Unset: the sixth address of `network.endpointsCidr`. */
  endpointAddress: address().optional(),
})

const Secrets = closed({
  replication: scalar<'auto' | readonly string[]>(input => {
    const isRegions = Array.isArray(input) && input.length > 0 && input.every(isRegion)
    return input === 'auto' || isRegions ? input : new Unfit('auto, or a list of regions')
  }).default('auto'),
  jwt: closed({
    generations: list(whole(1, 10_000), 'at least one generation is needed.').default([1]),
  }).prefault({}),
  oidcClientSecret: closed({ version: whole(1).default(1) }).prefault({}),
  extra: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, { error: 'a name has up to 31 of a-z, 0-9 and hyphens' }),
      closed({ version: whole(1) }),
    )
    .default({}),
  rotationDays: whole(1, 3650).optional(),
})

const Oidc = closed({
  issuer: httpUrl().default('https://accounts.google.com'),
  clientId: text(),
  allowedEmailDomains: list(emailDomain(), 'at least one domain is needed.'),
})

const Directory = closed({
  mode: choice(['none', 'group-reader', 'delegation', 'key']).default('none'),
  lookup: choice(['direct', 'transitive']).default('direct'),
  adminEmail: emailAddress().optional(),
})

const Vertex = closed({
  enabled: flag().default(true),
  location: matching(/^(global|us|eu|[a-z]+-[a-z]+[0-9]+)$/, 'global, us, eu or a region').default('global'),
  role: choice(['minimal', 'user']).default('minimal'),
})

const Service = closed({
  cpu: scalar(input => {
    const cpu = String(input)
    return ['1', '2', '4', '8'].includes(cpu) ? cpu : new Unfit('1, 2, 4 or 8')
  }).default('1'),
  memory: matching(/^[1-9][0-9]{0,4}(Mi|Gi)$/, 'an amount such as 1Gi').default('1Gi'),
  minInstances: whole(1, 1000).default(1),
  maxInstances: whole(1, 1000).default(8),
  concurrency: whole(1, 256).default(200),
  canary: closed({ percent: whole(0, 99).default(0), stableRevision: revision() }).optional(),
  pinnedRevision: revision().optional(),
  invoker: choice(['disabled', 'all-users']).default('disabled'),
})

const Build = closed({
  enabled: flag().default(false),
  repository: resource(
    'projects/<project>/locations/<region>/connections/<name>/repositories/<name>',
  ).optional(),
  branch: text().default('^main$'),
  binaryAuthorization: choice(['off', 'dry-run', 'enforce']).default('off'),
})

const Monitoring = closed({
  emails: list(emailAddress()).default([]),
  doctorSchedule: matching(/^(\S+ ){4}\S+$/, 'five fields of cron').default('*/15 * * * *'),
  uptimeService: resource(
    'projects/<project>/locations/<region>/namespaces/<name>/services/<name>',
  ).optional(),
  auditDataset: resource('projects/<project>/datasets/<name>').optional(),
})

const Budget = closed({
  billingAccount: matching(/^[0-9A-F]{6}(-[0-9A-F]{6}){2}$/, 'an id such as 012345-6789AB-CDEF01'),
  amount: whole(1),
  currency: matching(/^[A-Z]{3}$/, 'a currency code such as USD'),
  thresholds: list(decimal({ above: 0, max: 10 }), 'at least one share is needed.').default([0.5, 0.9, 1]),
})

/** Key by key, in the order of the reference table. */
export const KEYS = {
  project: matching(
    /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
    'a project id',
    'write the id, not the name or number.',
  ),
  projectNumber: matching(/^[0-9]{6,20}$/, 'a project number in quotes'),
  region: matching(/^[a-z]+-[a-z]+[0-9]+$/, 'a region such as europe-west1'),
  stateBucket: matching(/^[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]$/, 'the name of a bucket, without gs://'),
  name: matching(/^[a-z][a-z0-9-]{0,15}$/, 'up to 16 of a-z, 0-9 and hyphens, a letter first').default(
    'gatehouse',
  ),
  labels: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, { error: 'a label has up to 63 of a-z, 0-9, _ and -' }),
      matching(/^[a-z0-9_-]{1,63}$/, 'up to 63 of a-z, 0-9, _ and -'),
    )
    .default({}),
  phase: choice(['foundation', 'database', 'complete']).default('complete'),
  image: matching(
    /^[a-z0-9][a-z0-9./_:-]*@sha256:[0-9a-f]{64}$/,
    'an image by digest, …@sha256:<64 hex>',
    'a pushed tag again makes no new revision: take the digest from the push.',
  ).optional(),
  googleProvider: matching(/^[0-9]+\.[0-9]+\.[0-9]+$/, 'an exact version such as 6.50.0').default('6.50.0'),
  /** Beside the settings file. Unset: `<env>.gateway.yaml`. */
  gatewayConfig: matching(/^[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml$/, 'a file name beside this one').optional(),
  network: Network.prefault({}),
  frontend: Frontend.prefault({}),
  database: Database.prefault({}),
  secrets: Secrets.prefault({}),
  oidc: Oidc,
  directory: Directory.prefault({}),
  vertex: Vertex.prefault({}),
  service: Service.prefault({}),
  deletionProtection: flag().default(true),
  build: Build.prefault({}),
  monitoring: Monitoring.prefault({}),
  budget: Budget.optional(),
} as const

/** What the keys parse to, before what depends on other keys is filled in. */
export type ParsedSettings = { [Key in keyof typeof KEYS]: (typeof KEYS)[Key]['_zod']['output'] }

function cidr(): z.ZodType<string> {
  return text(value =>
    parseCidr(value) === null
      ? new Unfit('an IPv4 range', 'write its first address and length, such as 10.64.0.0/24.')
      : undefined,
  )
}

function address(): z.ZodType<string> {
  return text(value => (parseAddress(value)?.family === 4 ? undefined : new Unfit('an IPv4 address')))
}

/** The id of something that exists, as `gcloud` prints it. */
function resource(shape: string): z.ZodType<string> {
  const pattern = new RegExp(`^${shape.replaceAll(/<[a-z]+>/g, '[A-Za-z0-9_.:-]+')}$`)
  return matching(pattern, shape)
}

function hostName(): z.ZodType<string> {
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  return matching(
    new RegExp(`^(${label}\\.){2,8}${label}$`),
    'a full name of at least three parts, in lower case',
    'write such as claude.example.com: a zone of that name is made, and would hide a whole company domain.',
  )
}

function revision(): z.ZodType<string> {
  return matching(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/, 'the name of a revision')
}

function isRegion(input: unknown): boolean {
  return typeof input === 'string' && /^[a-z]+-[a-z]+[0-9]+$/.test(input)
}
