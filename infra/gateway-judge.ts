// The app's own loader judges what is rendered: a wrong setting fails the synth, not the boot of a revision (G-41, G-78).
import { readEnvironment } from '../app/config/environment.ts'
import type { FileRead } from '../app/config/expand.ts'
import { parseConfigText } from '../app/config/load.ts'
import { type Problem, problemReport, warningLine } from '../app/config/problems.ts'
import { builtinNames } from '../app/inference/model-names.ts'
import { policyWarnings } from '../app/managed/warnings.ts'
import { judgeHost } from '../app/net/ssrf-guard.ts'
import { GatewayConfigError } from './gateway-config.ts'

export interface JudgedConfig {
  /** The name of the organisation's file, for the report. */
  readonly file: string
  readonly text: string
  /** What the container's environment will hold, and so what `${NAME}` may refer to. */
  readonly variables: Readonly<Record<string, string>>
  /** The files that will be mounted, and so what `${file:…}` may refer to. */
  readonly files: readonly string[]
}

/**
 * Answers the warnings about a gateway.yaml, one line each.
 *
 * @throws {GatewayConfigError} with every problem that the gateway would refuse to boot with.
 */
export function judgeGatewayConfig({ file, text, variables, files }: JudgedConfig): string[] {
  const result = parseConfigText(text, {
    environment: readEnvironment({ ...variables, PORT: '8080', K_SERVICE: 'gatehouse' }), // which Cloud Run adds
    readFile: path => (files.includes(path) ? placeholder() : { kind: 'failed', code: 'ENOENT' }),
    now: 0, // only the expiry of certificates is judged by it, and synth knows no clock
    judgeHost,
    builtins: builtinNames(),
    judgePolicies: policyWarnings,
  })
  if (result.kind !== 'refused') return result.warnings.map(warning => warningLine(placeless(warning)))
  const isOfMount = ({ path }: Problem) => files.some(mounted => path.includes(`\${file:${mounted}}`))
  const problems = result.problems.filter(problem => !isOfMount(problem)).map(placeless)
  if (problems.length > 0) {
    throw new GatewayConfigError(problemReport(`${file}, as rendered`, problems).trimEnd())
  }
  return []
}

/**
 * The secrets are not here, so what is found in the value of one says nothing and is left out. A file that is
 * named by its path alone, the key of a service account, is judged by its shape: this has it.
 */
function placeholder(): FileRead {
  const key = { type: 'service_account', client_email: 'not here', private_key: 'not here' }
  return { kind: 'read', bytes: Buffer.from(JSON.stringify(key)) }
}

/** Lines of the rendered text are nowhere to be seen. */
function placeless(problem: Problem): Problem {
  return { ...problem, line: 0, column: 0 }
}
