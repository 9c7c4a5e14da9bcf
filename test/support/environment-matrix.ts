// Environments that together take every branch of the stack.
import { environmentOf, type settingsOf } from './infra-environment.ts'
import { ENVIRONMENTS, shipped } from './shipped-environments.ts'
import type { Synthesized } from './synthesized.ts'

const PHASES = ['foundation', 'database', 'complete'] as const

const HOST = 'projects/acme-host'
const SHARED = {
  mode: 'existing',
  network: `${HOST}/global/networks/shared`,
  egressSubnet: `${HOST}/regions/us-east5/subnetworks/run`,
  endpointsSubnet: `${HOST}/regions/us-east5/subnetworks/endpoints`,
  ...{ googleApisAddress: '10.9.9.9', proxyOnlyCidr: '10.9.0.0/23', endpointsCidr: '10.9.8.0/28' },
}

/** What differs from the required settings, by what it is. */
const VARIANTS: Readonly<Record<string, Parameters<typeof settingsOf>[0]>> = {
  'a Shared VPC': { network: { ...SHARED, egress: 'ALL_TRAFFIC' } },
  'a peering, and Vertex in Europe': { database: { connectivity: 'psa' }, vertex: { location: 'eu' } },
  'a password through the connector': { database: { login: 'password', passwordGeneration: 2 } },
  'a password over a direct connection': { database: { login: 'password', path: 'direct' } },
  'a private CA and delegation': {
    frontend: {
      host: 'claude.acme.example',
      certificate: { kind: 'private-ca', caPool: 'projects/acme-claude/locations/us-east5/caPools/pool' },
    },
    directory: { mode: 'delegation', adminEmail: 'admin@acme.example' },
  },
  'an existing certificate and a key file': {
    frontend: {
      host: 'claude.acme.example',
      certificate: { kind: 'existing', id: 'projects/acme-claude/locations/us-east5/certificates/ours' },
    },
    directory: { mode: 'key', adminEmail: 'admin@acme.example' },
    secrets: { extra: { 'directory-key': { version: 1 } }, rotationDays: 30 },
  },
  'a canary that everybody may invoke': {
    service: { invoker: 'all-users', canary: { percent: 10, stableRevision: 'gatehouse-00007-abc' } },
  },
  'a pinned revision during a rotation': {
    service: { pinnedRevision: 'gatehouse-00007-abc' },
    secrets: { jwt: { generations: [3, 2] } },
  },
  'a larger database, watched': {
    database: { tier: 'db-custom-16-61440', maxConnections: 800 },
    monitoring: {
      emails: ['oncall@acme.example'],
      uptimeService: 'projects/acme-claude/locations/us-east5/namespaces/internal/services/gatehouse',
      auditDataset: 'projects/acme-security/datasets/claude',
    },
  },
}

export interface Member {
  readonly title: string
  readonly environment: Synthesized
}

/** The shipped environments in all their phases, and every variant complete. */
export function environmentMatrix(): Member[] {
  const phases = ENVIRONMENTS.flatMap(env =>
    PHASES.map(phase => ({ title: `${env}, ${phase}`, environment: shipped(env, phase) })),
  )
  const variants = Object.entries(VARIANTS).map(([title, changes]) => ({
    ...{ title, environment: environmentOf(changes) },
  }))
  return [...phases, ...variants]
}
