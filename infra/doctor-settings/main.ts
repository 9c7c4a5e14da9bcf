// Looks at the surroundings of an environment before anything is applied: npm run doctor:settings -- <env> [--json]
import { join } from 'node:path'
import { quietGoogleLibraries, readEnvironment } from '../../app/config/environment.ts'
import { hasFailed, reportJson, reportText } from '../../app/doctor/report.ts'
import { guardedFetch } from '../../app/net/fetch.ts'
import { createGoogleAccess } from '../../app/net/google-access.ts'
import { openNetwork } from '../../app/net/network.ts'
import { readSettings, SettingsError } from '../settings.ts'
import { examineSettings } from './examine-settings.ts'
import { GoogleRest } from './google-rest.ts'

const FOLDER = join(import.meta.dirname, '../environments')
const REQUEST_MS = 4500
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

process.exitCode = await main(process.argv.slice(2))

/** 0: nothing is in the way; 1: something is; 2: the command or the settings file cannot be used. */
async function main(words: readonly string[]): Promise<0 | 1 | 2> {
  const [env, ...others] = words.filter(word => word !== '--json')
  if (env === undefined || env.startsWith('-') || others.length > 0) {
    process.stderr.write('usage: npm run doctor:settings -- <env> [--json]\n')
    return 2
  }
  quietGoogleLibraries()
  const environment = readEnvironment()
  if (environment.proxyProblems.length > 0) {
    process.stderr.write(`${environment.proxyProblems.join('\n')}\n`)
    return 2
  }
  const network = openNetwork(environment)
  try {
    const settings = readSettings({
      folder: FOLDER,
      variables: { GATEHOUSE_ENV: env, GATEHOUSE_PHASE: 'foundation' },
    })
    const transport = guardedFetch({
      dispatcher: network.dispatcher({ purpose: 'google' }),
      ...{ totalMs: REQUEST_MS, maxBytes: MAX_ANSWER_BYTES },
    })
    const { token } = createGoogleAccess(network)
    const findings = await examineSettings({
      settings,
      google: new GoogleRest({ transport, token, project: settings.project }),
    })
    process.stdout.write(words.includes('--json') ? reportJson(findings) : reportText(findings))
    return hasFailed(findings) ? 1 : 0
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  } finally {
    await network.close()
  }
}
