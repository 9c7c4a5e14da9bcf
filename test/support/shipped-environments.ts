// The settings files of the repository, each as a synthesized environment.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Testing } from 'cdktf'
import { parse } from 'yaml'
import { parseSettings } from '../../infra/settings.ts'
import { GatehouseStack } from '../../infra/stack.ts'
import { Synthesized } from './synthesized.ts'

const FOLDER = join(import.meta.dirname, '../../infra/environments')

export const ENVIRONMENTS = ['dev', 'minimal', 'prod'] as const

/** The environment as `npm run synth` makes it, in one of its phases, and with whole keys of its settings replaced. */
export function shipped(
  env: (typeof ENVIRONMENTS)[number],
  phase = 'complete',
  changes: Readonly<Record<string, unknown>> = {},
): Synthesized {
  const file = parse(readFileSync(join(FOLDER, `${env}.yaml`), 'utf8'))
  const variables = { GATEHOUSE_ENV: env, GATEHOUSE_PHASE: phase }
  const settings = parseSettings(JSON.stringify({ ...file, ...changes }), { env, variables })
  const name = settings.gatewayConfig
  const stack = new GatehouseStack(Testing.app({ stackTraces: false }), settings, {
    ...{ name, text: readFileSync(join(FOLDER, name), 'utf8') },
  })
  return new Synthesized(Testing.synth(stack))
}
