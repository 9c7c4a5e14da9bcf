// Runs the checks side by side; what one of them cannot do is its verdict, and stops no other.
import { DeadlineExceeded, withDeadline } from '../lib/deadline.ts'
import { masked } from '../lib/masked.ts'
import { printable } from '../lib/printable.ts'
import type { Verdict } from './check.ts'

export interface Finding<Id extends string = string> extends Verdict {
  readonly id: Id
}

/** A look at `Subject`, which may reject: the failure is the verdict then. */
interface Look<Id, Subject> {
  readonly id: Id
  examine(subject: Subject): Promise<Verdict | readonly Verdict[]>
}

const CHECK_MS = 5000

/** One or more findings per check, in the order of `checks`; each takes at most five seconds. */
export async function examine<Id extends string, Subject>(
  checks: readonly Look<Id, Subject>[],
  subject: Subject,
): Promise<Finding<Id>[]> {
  const findings = await Promise.all(
    checks.map(async ({ id, examine: look }) => {
      const verdicts = await withDeadline(look(subject), CHECK_MS).catch((error: unknown) => [broken(error)])
      return [verdicts].flat().map(verdict => ({ id, ...verdict }))
    }),
  )
  return findings.flat()
}

function broken(error: unknown): Verdict {
  if (error instanceof DeadlineExceeded)
    return {
      status: 'fail',
      evidence: `no answer within ${CHECK_MS / 1000} s`,
      fix: 'look at the way there: routes, firewall, name',
    }
  const text = error instanceof Error ? error.message : String(error)
  return {
    status: 'fail',
    evidence: masked(printable(text, 400)),
    fix: 'what this says is what the gateway would meet, too',
  }
}
