import type { LoadedConfig } from './load.ts'
import { problemReport, warningLine } from './problems.ts'

/** What `--check` prints about a file, and its exit code (C-3). */
export function checkOutput(result: LoadedConfig): { stdout: string; stderr: string; exitCode: 0 | 1 } {
  if (result.kind === 'refused') {
    return { stdout: '', stderr: problemReport(result.path, result.problems), exitCode: 1 }
  }
  const secrets = result.kind === 'incomplete' ? result.unresolvedSecrets : []
  const lines = [
    ...result.warnings.map(warning => `warning: ${warningLine(warning)}`),
    ...secrets.map(name => `not resolved: \${secret:${name}}`),
  ]
  const stderr = lines.map(line => `${line}\n`).join('')
  return { stdout: `${result.path}: valid\n`, stderr, exitCode: 0 }
}
