// gateway.yaml as the server and every command judge it.
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import type { LoadedConfig } from '../config/load.ts'
import { readLocalFile } from '../config/local-file.ts'
import { builtinNames } from '../inference/model-names.ts'
import { systemClock } from '../lib/clock.ts'
import { priceWarnings } from '../managed/price-warnings.ts'
import { policyWarnings } from '../managed/warnings.ts'
import { loadWithSecrets } from '../net/load-with-secrets.ts'
import { openNetwork } from '../net/network.ts'
import { judgeHost } from '../net/ssrf-guard.ts'

/** What a file is judged with, beside itself. */
export function fileFacts(environment: Environment) {
  return {
    environment,
    readFile: readLocalFile,
    now: systemClock(),
    judgeHost,
    builtins: builtinNames(),
    judgePolicies: (config: Config) => [...policyWarnings(config), ...priceWarnings(config)],
  }
}

/** Judges the file at `path`, and with it the secrets that it refers to. */
export function judgedFile(
  path: string,
  environment: Environment,
  signal = new AbortController().signal,
): Promise<LoadedConfig> {
  const access = { openNetwork: () => openNetwork(environment), signal }
  return loadWithSecrets({ ...fileFacts(environment), path }, access)
}
