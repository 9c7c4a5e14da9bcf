import { z } from 'zod'
import { askApi } from './asking.ts'
import { GroupLookupFault, malformedFault } from './group-fault.ts'
import { inParallel } from './in-parallel.ts'
import type { Directory } from './membership.ts'

/**
 * Those of `named` that a person is in, directly or through others: Directory `hasMember`, one request for each.
 *
 * Every edition answers it, and however many groups a person is in, only those that the configuration names are asked
 * about. A group that does not exist fails the look-up: nobody could tell it from one that was renamed.
 */
export async function checkedGroups(
  email: string,
  { apis, directoryToken, patience }: Pick<Directory, 'apis' | 'directoryToken' | 'patience'>,
  named: readonly string[],
): Promise<string[]> {
  const ask = { token: directoryToken, patience }
  const verdicts = await inParallel(named, async group => {
    const asked = { groupKey: group, memberKey: email }
    const verdict = Verdict.safeParse(await askApi('directory', call => apis.hasMember(asked, call), ask))
    if (!verdict.success) throw new GroupLookupFault(malformedFault('directory', 'another_shape'))
    return verdict.data.isMember ? [group] : []
  })
  return verdicts.flat()
}

const Verdict = z.object({ isMember: z.boolean() })
