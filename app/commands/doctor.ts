// `gatehouse doctor`: looks at an environment from inside, through the server's own clients, and changes nothing.
import { lookup } from 'node:dns/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Audit } from '../audit/events.ts'
import type { Config } from '../config/config.ts'
import type { DoctorArguments } from '../config/doctor-arguments.ts'
import type { Environment } from '../config/environment.ts'
import type { CheckId, Examination, Verdict } from '../doctor/check.ts'
import { CHECKS } from '../doctor/checks.ts'
import { examine, type Finding } from '../doctor/examine.ts'
import { hasFailed, reportJson, reportText } from '../doctor/report.ts'
import type { Clock } from '../lib/clock.ts'
import { guardedFetch } from '../net/fetch.ts'
import { createGoogleAccess } from '../net/google-access.ts'
import { type Network, openNetwork } from '../net/network.ts'
import { idpProxyUse } from '../net/proxy-use.ts'

export interface DoctorCommand {
  readonly asked: DoctorArguments
  readonly environment: Environment
  readonly migrations: string
  readonly audit: Audit
  readonly clock: Clock
  readonly print: (text: string) => void
}

const REQUEST_MS = 4500
const MAX_ANSWER_BYTES = 1024 * 1024

/** Prints the report; answers the exit code: 0, or 1 when something has to be mended. */
export async function doctor(config: Config, command: DoctorCommand): Promise<0 | 1> {
  const { asked, environment, audit, print } = command
  const network = openNetwork(environment)
  try {
    const checks = CHECKS.filter(({ id }) => asked.only === null || asked.only.includes(id))
    const findings = await examine(checks, examinationOf(config, { ...command, network }))
    for (const [check, status] of worst(findings)) audit.write({ evt: 'doctor.result', check, status })
    print(asked.json ? reportJson(findings) : reportText(findings))
    return hasFailed(findings) ? 1 : 0
  } finally {
    await network.close()
  }
}

function examinationOf(
  config: Config,
  { asked, environment, ...command }: DoctorCommand & { network: Network },
): Examination {
  const { network, migrations, clock } = command
  const google = createGoogleAccess(network)
  const { cloud_sql: instance } = config.gatehouse
  return {
    ...{ config, network, migrations, clock, user: asked.user },
    origin: asked.url ?? config.listen.public_url,
    isOnCloudRun: environment.kService !== undefined || environment.cloudRunJob !== undefined,
    project: environment.googleCloudProject,
    wait: ms => pause(ms),
    resolve: addressesOf,
    transport: purpose =>
      guardedFetch({
        dispatcher: network.dispatcher({
          purpose,
          ...(purpose === 'idp' && {
            ca: config.oidc.ca_cert_pem,
            proxy: idpProxyUse(config.oidc.use_proxy),
          }),
        }),
        ...{ totalMs: REQUEST_MS, maxBytes: MAX_ANSWER_BYTES },
      }),
    googleToken: google.token,
    googleAccount: google.account,
    cloudSql: instance && { config: instance, google },
  }
}

/** Empty for a name that does not resolve. */
async function addressesOf(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true }).catch(() => [])
  return found.map(({ address }) => address)
}

const ORDER: readonly Verdict['status'][] = ['skip', 'ok', 'warn', 'fail']

/** What each check is said to be: its worst finding. */
function worst(findings: readonly Finding<CheckId>[]): Map<CheckId, Verdict['status']> {
  const statuses = new Map<CheckId, Verdict['status']>()
  for (const { id, status } of findings) {
    const known = statuses.get(id)
    if (known === undefined || ORDER.indexOf(status) > ORDER.indexOf(known)) statuses.set(id, status)
  }
  return statuses
}
