// Lists that come in pages. Half a list is no list: whatever is odd about a page fails the whole of it (S-42, A-23).
import { GroupLookupFault, type GroupStep, malformedFault } from './group-fault.ts'

export interface GroupPage {
  readonly groups: readonly string[]
  readonly nextPageToken: string | undefined
}

const MAX_PAGES = 50

/** Every group of every page, lower-cased and each once; rejects beyond 50 pages, or when a page leads nowhere new. */
export async function allPages(
  step: GroupStep,
  pageAfter: (pageToken: string | undefined) => Promise<GroupPage>,
): Promise<string[]> {
  const groups = new Set<string>()
  const seen = new Set<string>()
  let token: string | undefined
  for (let read = 0; read < MAX_PAGES; read += 1) {
    const page = await pageAfter(token)
    for (const group of page.groups) groups.add(group.toLowerCase())
    token = page.nextPageToken
    if (token === undefined || token === '') return [...groups]
    if (seen.has(token)) throw new GroupLookupFault(malformedFault(step, 'repeated_page'))
    seen.add(token)
  }
  throw new GroupLookupFault({ reason: 'too_many_groups', step })
}

/** An address of a group, such as `team@example.com`. */
export const GROUP_ADDRESS = /^[^\s\p{C}@]{1,64}@[^\s\p{C}@]{1,255}$/u
