import type { Database } from './database.ts'
import type { GroupLookup, OwnedConfig, StoreWay } from './gateway-config.ts'
import type { Settings } from './settings.ts'

/** What the stack knows for gateway.yaml: settings, and what constructs were made of them. */
export function ownedConfig(
  settings: Settings,
  made: { readonly database: Database; readonly directoryEmail: string },
): OwnedConfig {
  const { frontend, network, oidc, secrets, database, directory, vertex } = settings
  return {
    publicUrl: publicUrlOf(settings),
    ...(frontend.topology === 'load-balancer' && { proxyCidr: network.proxyOnlyCidr }),
    ...{ clientCidrs: frontend.clientCidrs, oidc, jwtGenerations: secrets.jwt.generations },
    store: { poolSize: database.poolSize, role: made.database.role, way: storeWay(settings, made.database) },
    ...(directory.mode !== 'none' && { groups: groupLookup(directory.mode, settings, made.directoryEmail) }),
    ...(vertex.enabled && { vertex: { project: settings.project, location: vertex.location } }),
  }
}

/** The name of your own, or the one that Cloud Run gives by project number (check live) (G-19). */
function publicUrlOf({ frontend, name, projectNumber, region }: Settings): string {
  const host = frontend.topology === 'run-app' ? `${name}-${projectNumber}.${region}.run.app` : frontend.host
  return `https://${host}`
}

function storeWay({ database }: Settings, { connectionName, ipType, databaseName }: Database): StoreWay {
  if (database.path === 'direct') {
    return { kind: 'direct', address: database.endpointAddress, database: databaseName }
  }
  return { kind: 'connector', connectionName, ipType, database: databaseName, login: database.login }
}

function groupLookup(
  mode: GroupLookup['mode'],
  { directory }: Settings,
  serviceAccount: string,
): GroupLookup {
  return {
    mode,
    serviceAccount,
    adminEmail: directory.adminEmail,
    isTransitive: directory.lookup === 'transitive',
  }
}
