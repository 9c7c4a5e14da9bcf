// Nested groups, one level after the other.
import { directGroups } from './direct-groups.ts'
import { GroupLookupFault } from './group-fault.ts'
import { inParallel } from './in-parallel.ts'
import type { Directory } from './membership.ts'

const MAX_DEPTH = 5
const MAX_GROUPS = 500

/**
 * The groups that a person is in, directly or through others, by walking upwards group by group: for editions without
 * the transitive search. Cycles are cut; more than five levels or 500 groups are a failure, never a shorter list.
 */
export async function walkedGroups(
  email: string,
  directory: Pick<Directory, 'apis' | 'directoryToken' | 'patience'>,
): Promise<string[]> {
  const known = new Set<string>()
  let level: readonly string[] = [email]
  for (let depth = 0; level.length > 0; depth += 1) {
    const parents = (await inParallel(level, member => directGroups(member, directory))).flat()
    level = [...new Set(parents)].filter(group => !known.has(group))
    for (const group of level) known.add(group)
    const isBeyond = known.size > MAX_GROUPS || (depth >= MAX_DEPTH && level.length > 0)
    if (isBeyond) throw new GroupLookupFault({ reason: 'too_many_groups', step: 'directory' })
  }
  return [...known]
}
