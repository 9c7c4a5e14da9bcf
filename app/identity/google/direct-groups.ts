import { z } from 'zod'
import { askApi } from './asking.ts'
import { GroupLookupFault, malformedFault } from './group-fault.ts'
import { allPages, GROUP_ADDRESS, type GroupPage } from './group-pages.ts'
import type { Directory } from './membership.ts'

/**
 * The groups that a person or a group is a direct member of: Directory `groups.list`, which every edition has.
 *
 * `userKey` alone is asked for: the API takes no `domain` or `customer` beside it.
 */
export function directGroups(
  userKey: string,
  { apis, directoryToken, patience }: Pick<Directory, 'apis' | 'directoryToken' | 'patience'>,
): Promise<string[]> {
  return allPages('directory', async pageToken => {
    const asked = { userKey, ...(pageToken !== undefined && { pageToken }) }
    const body = await askApi('directory', call => apis.groupsOf(asked, call), {
      token: directoryToken,
      patience,
    })
    return readPage(body)
  })
}

const Page = z.object({
  kind: z.string().optional(),
  groups: z.array(z.object({ email: z.string().regex(GROUP_ADDRESS) })).optional(),
  nextPageToken: z.string().max(8192).optional(),
})

function readPage(body: object): GroupPage {
  const page = Page.safeParse(body)
  if (!page.success) throw new GroupLookupFault(malformedFault('directory', 'another_shape'))
  const { kind, groups, nextPageToken } = page.data
  // An empty list is left out, so that what says nothing at all could pass for one.
  if (groups === undefined && kind !== 'admin#directory#groups') {
    throw new GroupLookupFault(malformedFault('directory', 'another_kind'))
  }
  return { groups: groups?.map(({ email }) => email) ?? [], nextPageToken }
}
