// Nested groups in one search, for the editions that have it.
import { z } from 'zod'
import { askApi } from './asking.ts'
import { GroupLookupFault, malformedFault } from './group-fault.ts'
import { allPages, GROUP_ADDRESS, type GroupPage } from './group-pages.ts'
import type { Directory } from './membership.ts'

export interface TransitiveOptions {
  /** Keeps to the groups of one customer, such as `C0abc123`. */
  readonly customer?: string | undefined
}

/** The groups that a person is in, directly or through others: Cloud Identity `searchTransitiveGroups`. */
export async function transitiveGroups(
  email: string,
  { apis, cloudIdentityToken, patience }: Pick<Directory, 'apis' | 'cloudIdentityToken' | 'patience'>,
  { customer }: TransitiveOptions = {},
): Promise<string[]> {
  // The address stands between quotes, and nothing says how to escape one in there.
  if (/['\\]/.test(email)) throw new GroupLookupFault({ reason: 'address_unusable', step: 'cloudidentity' })
  const parent = customer === undefined ? '' : ` && parent == 'customers/${customer}'`
  const query = `member_key_id == '${email}' && '${LABEL}' in labels${parent}`
  return allPages('cloudidentity', async pageToken => {
    const asked = { query, ...(pageToken !== undefined && { pageToken }) }
    const ask = { token: cloudIdentityToken, patience }
    return readPage(await askApi('cloudidentity', call => apis.transitiveGroups(asked, call), ask))
  })
}

/** What every group with an address carries. */
const LABEL = 'cloudidentity.googleapis.com/groups.discussion_forum'

const Page = z.object({
  memberships: z.array(z.object({ groupKey: z.object({ id: z.string().regex(GROUP_ADDRESS) }) })).optional(),
  nextPageToken: z.string().max(8192).optional(),
})

function readPage(body: object): GroupPage {
  const page = Page.safeParse(body)
  if (!page.success) throw new GroupLookupFault(malformedFault('cloudidentity', 'another_shape'))
  const { memberships, nextPageToken } = page.data
  return { groups: memberships?.map(({ groupKey }) => groupKey.id) ?? [], nextPageToken }
}
