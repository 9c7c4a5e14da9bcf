// Every check, in the order of the report.
import { apiDns } from './api-dns.ts'
import type { Check } from './check.ts'
import { clock } from './clock.ts'
import { database } from './database.ts'
import { egress } from './egress.ts'
import { frontDoor } from './front-door.ts'
import { groups } from './groups.ts'
import { hostDns } from './host-dns.ts'
import { identityProvider } from './identity-provider.ts'
import { runtimeAccount } from './runtime-account.ts'
import { secretReferences } from './secret-references.ts'
import { trustedProxies } from './trusted-proxies.ts'
import { vertex } from './vertex.ts'

export const CHECKS: readonly Check[] = [
  hostDns,
  apiDns,
  frontDoor,
  trustedProxies,
  database,
  identityProvider,
  secretReferences,
  runtimeAccount,
  vertex,
  groups,
  egress,
  clock,
]
