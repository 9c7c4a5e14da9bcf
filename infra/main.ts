// Writes the Terraform JSON of one environment: GATEHOUSE_ENV=prod node infra/main.ts
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App } from 'cdktf'
import { GatewayConfigError } from './gateway-config.ts'
import { readSettings, SettingsError } from './settings.ts'
import { GatehouseStack } from './stack.ts'

const folder = join(import.meta.dirname, 'environments')

try {
  const settings = readSettings({ folder })
  const name = settings.gatewayConfig
  const app = new App({ stackTraces: false })
  const stack = new GatehouseStack(app, settings, { name, text: readFileSync(join(folder, name), 'utf8') })
  app.synth()
  for (const warning of stack.warnings) process.stderr.write(`warning: ${name}: ${warning}\n`)
} catch (error) {
  // What a person can mend is a report; everything else is a bug, with its stack.
  if (!(error instanceof SettingsError || error instanceof GatewayConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
