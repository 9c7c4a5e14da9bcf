// A fault that somebody could make in the stack, put into its JSON, and what must be found then.
import type { StackJson } from '../terraform/stack-json.ts'

export interface Fault {
  /** What somebody did. */
  readonly title: string
  /** Values by `<address> <path>`; undefined takes away what is there, and a path of its own the whole resource. */
  readonly change: Readonly<Record<string, unknown>>
  /** Every check that finds it: `schema`, `references`, or the sentence of a fact. */
  readonly foundBy: readonly string[]
  /** What the first of them says. */
  readonly says: string
  /** Where Terraform finds it too: the summary of its first complaint. */
  readonly terraform?: string
}

/** A copy of the stack with the fault in it. */
export function seeded(stack: StackJson, { change }: Fault): StackJson {
  const copy = structuredClone(stack) as Record<string, unknown> // an object of JSON
  for (const [place, value] of Object.entries(change)) {
    const [address = '', path = ''] = place.split(' ')
    put(copy, [...stepsTo(address), ...path.split('.').filter(step => step !== '')], value)
  }
  return copy
}

/** Such as `resource`, `google_sql_user`, `database_iam-user`. */
function stepsTo(address: string): string[] {
  const [first = '', ...rest] = address.split('.')
  return first.startsWith('google_') ? ['resource', first, ...rest] : [first, ...rest]
}

function put(root: Record<string, unknown>, steps: readonly string[], value: unknown): void {
  const last = steps.at(-1) ?? ''
  let holder = root
  for (const step of steps.slice(0, -1)) {
    holder[step] ??= {}
    holder = holder[step] as Record<string, unknown> // an object or a list of JSON
  }
  if (value === undefined) {
    if (!Object.hasOwn(holder, last)) throw new Error(`there is no ${steps.join('.')} to take away`)
    delete holder[last]
  } else holder[last] = value
}
