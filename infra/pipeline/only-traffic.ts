// Reads a plan (`terraform show -json`) and refuses everything but a shift of the service's traffic, so that what
// follows an approved plan changes nothing that nobody approved.
//   node infra/pipeline/only-traffic.ts <file>
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'

const Values = z.record(z.string(), z.unknown()).nullable()
const Plan = z.object({
  resource_changes: z
    .array(
      z.object({
        address: z.string(),
        type: z.string(),
        change: z.object({ actions: z.array(z.string()), before: Values, after: Values }),
      }),
    )
    .default([]),
})
type Change = z.infer<typeof Plan>['resource_changes'][number]

const [file] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: node infra/pipeline/only-traffic.ts <file>\n')
  process.exit(2)
}

const changes = Plan.parse(JSON.parse(readFileSync(file, 'utf8'))).resource_changes
const unapproved = changes.filter(change => !isUntouched(change) && !isShift(change))
for (const { address, change } of unapproved) {
  process.stderr.write(`${address}: ${change.actions.join(', ')}, which is more than its traffic\n`)
}
process.exit(unapproved.length === 0 ? 0 : 1)

function isUntouched({ change }: Change): boolean {
  return change.actions.every(action => action === 'no-op' || action === 'read')
}

function isShift({ type, change }: Change): boolean {
  const { before, after } = change
  if (type !== 'google_cloud_run_v2_service' || before === null || after === null) return false
  if (!isDeepStrictEqual(change.actions, ['update'])) return false
  return Object.keys(after).every(key => key === 'traffic' || isUnchanged(before[key], after[key]))
}

/** What Google computes is unknown in a plan, and absent in `after`; what is taken away is there, as null. */
function isUnchanged(before: unknown, after: unknown): boolean {
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length === after.length && after.every((part, index) => isUnchanged(before[index], part))
  }
  if (!isObject(before) || !isObject(after)) return Object.is(before, after)
  return Object.entries(after).every(([key, part]) => isUnchanged(before[key], part))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
