// `gatehouse usage`: what was used and spent in a range of days, as a running gateway knows it.
import { z } from 'zod'
import type { UsageArguments } from '../config/usage-arguments.ts'
import { terminalJson } from '../lib/terminal-json.ts'
import type { AdminApi, Query } from './admin-api.ts'
import { listed } from './admin-shapes.ts'
import { CommandFault } from './command-fault.ts'
import type { Terminal } from './limits.ts'

const USAGE_PATH = '/v1/organizations/usage'

/** More pages of a thousand rows are asked of no gateway. */
const MAX_PAGES = 1000

/** Prints the report once all of it has come. */
export async function usage(
  api: AdminApi,
  { from, to, groupBy, format }: Pick<UsageArguments, 'from' | 'to' | 'groupBy' | 'format'>,
  { print, complain }: Terminal,
): Promise<void> {
  const query = { from, to, group_by: groupBy }
  if (format === 'csv') print(await csv(api, query))
  else {
    const row = z.looseObject({})
    const data = await listed(api, { path: USAGE_PATH, query, row, paging: 'page', limit: 1000 })
    print(terminalJson({ from, to, group_by: groupBy, data }))
  }
  if (groupBy === 'group')
    complain(
      'note: who is in several groups counts in each of them; the rows add up to more than was spent\n',
    )
}

/** Pages of one table: only the first has the head. */
async function csv(api: AdminApi, query: Query): Promise<string> {
  const pages: string[] = []
  let page: string | null = null
  do {
    if (pages.length === MAX_PAGES) throw new CommandFault('the report is too long: ask for fewer days')
    const answer = await api.read(USAGE_PATH, { ...query, format: 'csv', limit: '1000', page })
    if (!answer.headers.get('content-type')?.startsWith('text/csv'))
      throw new CommandFault(
        'the answer is no CSV: look whether the URL is that of the gateway, and whether it is of this version',
      )
    pages.push(answer.text)
    page = answer.headers.get('x-gatehouse-next-page')
  } while (page !== null)
  return pages.join('')
}
