// Whole environments for the tests of the stack: the required settings, and what a test changes of them.
import { Testing } from 'cdktf'
import { parseSettings, type Settings, SettingsError } from '../../infra/settings.ts'
import { GatehouseStack } from '../../infra/stack.ts'
import { Synthesized } from './synthesized.ts'

type Section = Readonly<Record<string, unknown>>

/** The keys that every environment gives, with values that a test can tell apart. */
export const REQUIRED: Section = {
  ...{ project: 'acme-claude', projectNumber: '123456789012', region: 'us-east5', stateBucket: 'acme-state' },
  image: `us-east5-docker.pkg.dev/acme-claude/gatehouse/gatehouse@sha256:${'0'.repeat(64)}`,
  frontend: { host: 'claude.acme.example' },
  oidc: { clientId: 'client-1', allowedEmailDomains: ['acme.example'] },
}

/** The text of a settings file: the required keys, with whole keys replaced. JSON is YAML. */
export function settingsText(changes: Section = {}): string {
  return JSON.stringify({ ...REQUIRED, ...changes })
}

export function settingsOf(
  changes: Section = {},
  variables: Readonly<Record<string, string>> = {},
): Settings {
  return parseSettings(settingsText(changes), { env: 'test', variables })
}

/** What the report says of a settings file, each problem as `path: text` and its fix below. */
export function problemsOf(changes: Section, variables: Readonly<Record<string, string>> = {}): string[] {
  try {
    settingsOf(changes, variables)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return error.problems.map(
      ({ path, text, fix }) => `${path}: ${text}${fix === undefined ? '' : ` Fix: ${fix}`}`,
    )
  }
  return []
}

/** The Terraform JSON of an environment. */
export function environmentOf(
  changes: Section = {},
  organisation = 'gatehouse: { log_format: json }\n',
): Synthesized {
  const stack = new GatehouseStack(Testing.app({ stackTraces: false }), settingsOf(changes), {
    ...{ name: 'test.gateway.yaml', text: organisation },
  })
  return new Synthesized(Testing.synth(stack))
}
