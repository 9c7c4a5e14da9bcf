import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App } from 'cdktf'
import { GatewayConfigError } from './gateway-config.ts'
import { readSettings, SettingsError } from './settings.ts'
import { GatehouseStack } from './stack.ts'

/**
 * Writes the Terraform JSON of the environment that `GATEHOUSE_ENV` names below `cdktf.out`; answers the exit code.
 *
 * What a person can mend is reported on standard error; anything else is thrown.
 */
export function synthesize(folder: string): 0 | 1 {
  try {
    const settings = readSettings({ folder })
    const name = settings.gatewayConfig
    const app = new App({ stackTraces: false })
    const stack = new GatehouseStack(app, settings, { name, text: organisationText(folder, name) })
    app.synth()
    for (const warning of stack.warnings) process.stderr.write(`warning: ${name}: ${warning}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof GatewayConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

function organisationText(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch (cause) {
    const report = [
      `gatehouse: infra/environments/${name} cannot be read`,
      '      Fix: write it, or name another file beside the settings as gatewayConfig.',
    ]
    throw new GatewayConfigError(report.join('\n'), { cause })
  }
}
