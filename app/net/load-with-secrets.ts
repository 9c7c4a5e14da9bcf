// The configuration as the boot sees it: with what Secret Manager holds in the place of its references.
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { readingOnce } from '../config/local-file.ts'
import { shareFetchClasses } from './fetch-classes.ts'
import { readSecrets } from './google-secrets.ts'
import type { Network } from './network.ts'

export interface SecretAccess {
  /** Opened only when the file refers to a secret, and closed again. */
  readonly openNetwork: () => Pick<Network, 'dispatcher' | 'close'>
  /** Gives up what is asked for; the promise then rejects with its reason. */
  readonly signal: AbortSignal
}

/**
 * Judges a file and, when nothing is wrong with it so far, asks Secret Manager for the `${secret:…}` in it and judges
 * it again with what came back. No file is read twice, so that both judgements are about the same text.
 */
export async function loadWithSecrets(
  options: Parameters<typeof loadConfig>[0],
  { openNetwork, signal }: SecretAccess,
): Promise<LoadedConfig> {
  const once = { ...options, readFile: readingOnce(options.readFile) }
  const loaded = loadConfig(once)
  if (loaded.kind !== 'incomplete' || loaded.unresolvedSecrets.length === 0) return loaded
  shareFetchClasses()
  const network = openNetwork()
  try {
    const secrets = await readSecrets(loaded.unresolvedSecrets, { network, signal })
    return loadConfig({ ...once, secrets })
  } finally {
    await network.close()
  }
}
