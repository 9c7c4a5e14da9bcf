// `gatehouse limits apply`: makes the limits of a running gateway those of a file, after showing what that means.
import type { ReadFile } from '../config/expand.ts'
import type { ApplyAction } from '../config/limits-arguments.ts'
import { type DesiredLimit, type LimitsFile, readLimitsFile } from '../config/limits-file.ts'
import { type Finding, type Problem, problemReport } from '../config/problems.ts'
import { terminalJson } from '../lib/terminal-json.ts'
import { type AdminApi, pathOf } from './admin-api.ts'
import { CommandFault, EXIT } from './command-fault.ts'
import { allLimits, LIMITS_PATH, putLimit, type Terminal } from './limits.ts'
import { countText, type Plan, planOf, planText, type Step } from './limits-plan.ts'
import { addressFinding } from './subject.ts'

export interface Applying extends Terminal {
  /** Asks the person at the terminal; null where there is none. */
  readonly confirm: ((question: string) => Promise<boolean>) | null
}

type Asked = ApplyAction & { readonly json: boolean }

/** The limits of a file that is right by itself; else throws its report. */
export function limitsOfFile(path: string, readFile: ReadFile): Extract<LimitsFile, { kind: 'read' }> {
  const file = readLimitsFile(path, readFile)
  if (file.kind === 'read') return file
  throw reportFault(path, file.problems)
}

/** Answers the exit code: 0, or 2 when only a plan was asked for and it is not empty. */
export async function applyLimits(
  api: AdminApi,
  asked: Asked,
  { file, ...terminal }: Applying & { readonly file: Extract<LimitsFile, { kind: 'read' }> },
): Promise<number> {
  if (!asked.exact) await requireSubjects(api, asked.file, file)
  const plan = planOf(file.limits, await allLimits(api), asked)
  if (!asked.json) terminal.print(planText(plan))
  const isDone = plan.steps.length === 0 || !asked.plan
  if (!asked.plan && plan.steps.length > 0) {
    await requireConsent(asked, terminal)
    await carryOut(api, plan, { asked, terminal })
    if (!asked.json) terminal.print(`${countText(plan.steps, 'done')}\n`)
  }
  if (asked.json) terminal.print(terminalJson({ ...plan, applied: !asked.plan }))
  return isDone ? EXIT.done : EXIT.changes
}

async function requireConsent(asked: Asked, { confirm }: Applying): Promise<void> {
  if (asked.yes) return
  if (confirm === null || asked.json)
    throw new CommandFault('nothing was changed: --yes applies the plan where nobody can be asked')
  if (!(await confirm('Apply this plan? [y/N] '))) throw new CommandFault('nothing was changed')
}

async function carryOut(
  api: AdminApi,
  { steps }: Plan,
  { asked, terminal }: { readonly asked: Asked; readonly terminal: Terminal },
): Promise<void> {
  for (const [done, step] of steps.entries()) {
    await carryOutStep(api, step, { reason: asked.reason, terminal }).catch((error: unknown) => {
      if (!(error instanceof CommandFault)) throw error
      const text = `${done} of ${steps.length} steps were done, then: ${error.message}`
      throw new CommandFault(
        `${text}\n  Run the command again: what is done is not repeated.`,
        error.exitCode,
      )
    })
  }
}

async function carryOutStep(
  api: AdminApi,
  step: Step,
  { reason, terminal }: { readonly reason: string | null; readonly terminal: Terminal },
): Promise<void> {
  if (step.kind === 'delete') {
    await api.change({ method: 'DELETE', path: pathOf(LIMITS_PATH, step.id) })
    return
  }
  const { scope, period, to } = step
  const hasPool = scope.type === 'rbac_group' && period === 'monthly'
  const pool = hasPool ? to.pool : undefined
  await putLimit(api, { scope, period, amount: to.amount, pool, reason }, terminal)
}

async function requireSubjects(
  api: AdminApi,
  path: string,
  { limits, problemOf }: Extract<LimitsFile, { kind: 'read' }>,
): Promise<void> {
  const problems: Problem[] = []
  for (const limit of limits) {
    const finding = await subjectFinding(api, limit)
    if (finding !== null) problems.push(problemOf(finding))
  }
  if (problems.length > 0) throw reportFault(path, problems)
}

async function subjectFinding(api: AdminApi, { scope, path }: DesiredLimit): Promise<Finding | null> {
  if (scope.type !== 'user') return null
  const finding = await addressFinding(api, scope.user_id)
  return finding && { path: [...path, 'user'], text: `${finding.text}.`, fix: `${finding.fix}.` }
}

function reportFault(path: string, problems: readonly Problem[]): CommandFault {
  return new CommandFault(
    problemReport(path, problems)
      .replace(/^gatehouse: /, '')
      .trimEnd(),
  )
}
