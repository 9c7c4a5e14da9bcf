// What the doctor prints.
import type { Finding } from './examine.ts'

/** One line per finding, with its fix below it. Pure. */
export function reportText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ id, status, evidence, fix }) => [
    `${status.padEnd(5)} ${id.padEnd(16)} ${evidence}`,
    ...(fix === undefined ? [] : [`${' '.repeat(23)}fix: ${fix}`]),
  ])
  return `${lines.join('\n')}\n${summary(findings)}\n`
}

/** The same for programs: `{"result","findings":[{"id","status","evidence","fix"?}]}` on one line. */
export function reportJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ result: hasFailed(findings) ? 'fail' : 'ok', findings })}\n`
}

/** Reports whether anything has to be mended. */
export function hasFailed(findings: readonly Finding[]): boolean {
  return findings.some(({ status }) => status === 'fail')
}

function summary(findings: readonly Finding[]): string {
  const count = (status: Finding['status']) => findings.filter(finding => finding.status === status).length
  return `${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failed, ${count('skip')} skipped`
}
