// The commands that ask a running gateway: its address and key are found, the command runs, and a fault becomes words.
import type { Environment, GatewayVariables } from '../config/environment.ts'
import type { ForgetArguments } from '../config/forget-arguments.ts'
import type { LimitsArguments } from '../config/limits-arguments.ts'
import { readLocalFile } from '../config/local-file.ts'
import type { UsageArguments } from '../config/usage-arguments.ts'
import { type AdminApi, withAdminApi } from './admin-api.ts'
import { CommandFault, EXIT } from './command-fault.ts'
import { forget } from './forget.ts'
import { gatewayAccess } from './gateway-access.ts'
import { limits } from './limits.ts'
import { type Applying, applyLimits, limitsOfFile } from './limits-apply.ts'
import { usage } from './usage.ts'

export type AskedAtGateway = UsageArguments | ForgetArguments | LimitsArguments

export interface AtGateway extends Applying {
  readonly environment: Pick<Environment, 'allowLoopback' | 'proxies' | 'proxyProblems'>
  readonly variables: GatewayVariables
}

/** Answers the exit code: one of `EXIT`. */
export async function atGateway(
  asked: AskedAtGateway,
  { environment, variables, ...terminal }: AtGateway,
): Promise<number> {
  try {
    const work = workOf(asked, terminal)
    const access = gatewayAccess(asked.gateway, { environment, variables, readFile: readLocalFile })
    return await withAdminApi(access, environment, work)
  } catch (error) {
    if (!(error instanceof CommandFault)) throw error
    terminal.complain(`gatehouse: ${error.message}\n`)
    return error.exitCode
  }
}

/** What is wrong with a file is said before anything is asked. */
function workOf(asked: AskedAtGateway, terminal: Applying): (api: AdminApi) => Promise<number> {
  if (asked.kind === 'limits' && asked.action === 'apply') {
    const file = limitsOfFile(asked.file, readLocalFile)
    return api => applyLimits(api, asked, { ...terminal, file })
  }
  return async api => {
    if (asked.kind === 'usage') await usage(api, asked, terminal)
    else if (asked.kind === 'forget') await forget(api, asked, terminal)
    else await limits(api, asked, terminal)
    return EXIT.done
  }
}
