// `GET /v1/organizations/spend_limits/effective`: cap and spend of each person in each period.
import type { RouteOptions } from 'fastify'
import type { Pool, PoolClient } from 'pg'
import type { Clock } from '../lib/clock.ts'
import { type Period, type Periods, periodsAt } from '../lib/periods.ts'
import type { Sealer } from '../session/seal.ts'
import type { GroupLimitMode } from '../spend/caps.ts'
import { centsText, nanoUsd } from '../spend/money.ts'
import { pageOfSpenders, type SeenAs, seenAs, spentBy } from '../store/effective-spend.ts'
import { limitsFor } from '../store/spend-limits.ts'
import { type EffectiveRequest, filtersOf, readEffectiveRequest } from './effective-request.ts'
import { isErased } from './erased-name.ts'
import { scopeDocument } from './limit-document.ts'
import { LimitIndex } from './limit-index.ts'
import { openPage, sealPage } from './page-token.ts'
import { queryOf } from './query.ts'
import { ReportSlots } from './report-slots.ts'
import { type AdminRouteOptions, adminRoute } from './route.ts'
import { storeAnswer } from './store-answer.ts'

export interface EffectiveOptions extends AdminRouteOptions {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly clock: Clock
  /** `admin.group_limit_mode`. */
  readonly groupLimitMode: GroupLimitMode
}

/** One page of people; each has a row for each period that was asked for (M-55). */
export function effectiveReport(options: EffectiveOptions): RouteOptions {
  const { pool, sealer, clock, groupLimitMode } = options
  const slots = new ReportSlots()
  return adminRoute(options, {
    method: 'GET',
    url: '/v1/organizations/spend_limits/effective',
    answer: async request => {
      const asked = readEffectiveRequest(queryOf(request))
      const filters = filtersOf(asked)
      const [principal, spent = '0'] = (await openPage(sealer, asked.page, filters)) ?? []
      const after = principal === undefined ? null : { principal, spent }
      const spans = periodsAt(clock())
      const count = asked.userIds?.length ?? asked.limit
      const report = () =>
        storeAnswer(pool, 'read', async client => {
          const spentIn = asked.sortedBy && spans[asked.sortedBy].key
          const ids = asked.userIds
          const found = await pageOfSpenders(client, { count: count + 1, ids, q: asked.q, spentIn, after })
          const page = found.slice(0, count)
          const principals = page.map(spender => spender.principal)
          const facts = await factsAbout(client, principals, { spans, mode: groupLimitMode })
          return { facts, last: found[count] && page.at(-1) }
        })
      const { facts, last } = await (looksAtEverybody(asked) ? slots.run(report) : report())
      return {
        body: {
          data: facts.flatMap(person => rowsOf(person, asked.periods, spans)),
          next_page: last ? await sealPage(sealer, [last.principal, last.spent], filters) : null,
        },
      }
    },
  })
}

/** Reports whether a page takes a look at all people, however few are on it. */
function looksAtEverybody({ userIds, q, sortedBy }: EffectiveRequest): boolean {
  return userIds === null && (q !== '' || sortedBy !== null)
}

interface PersonFacts {
  readonly principal: string
  readonly seen: SeenAs
  /** Nano-dollars by the key of the period. */
  readonly spent: ReadonlyMap<string, string>
  readonly limits: LimitIndex
}

const NEVER_SEEN: SeenAs = { email: null, name: null, groups: [] }

async function factsAbout(
  client: PoolClient,
  principals: readonly string[],
  { spans, mode }: { spans: Periods; mode: GroupLimitMode },
): Promise<PersonFacts[]> {
  const seen = await seenAs(client, principals)
  const groups = [...new Set([...seen.values()].flatMap(person => person.groups))]
  const limits = new LimitIndex(await limitsFor(client, { principals, groups }), mode)
  const periods = Object.values(spans).map(({ key }) => key)
  const spent = await spentBy(client, { principals, periods })
  return principals.map(principal => ({
    ...{ principal, limits },
    seen: seen.get(principal) ?? NEVER_SEEN,
    spent: spent.get(principal) ?? new Map(),
  }))
}

function rowsOf(person: PersonFacts, periods: readonly Period[], spans: Periods): object[] {
  const { principal, seen, spent, limits } = person
  const { groups } = seen
  const held = limits.holdingFor({ principal, groups })
  return periods.map(period => {
    const limit = held.get(period) ?? null
    return {
      ...{ scope: { type: 'user', user_id: principal }, groups, actor: actorOf(person) },
      ...{ amount: limit?.amount ?? null, currency: 'USD', period },
      source: limit && scopeDocument(limit.scope),
      spend_limit_id: limit?.id ?? null,
      period_to_date_spend: centsText(nanoUsd(BigInt(spent.get(spans[period].key) ?? '0'))),
    }
  })
}

function actorOf({ principal, seen }: PersonFacts): object {
  return {
    ...{ type: 'user_actor', user_id: principal },
    ...{ name: seen.name, email_address: seen.email, deleted: isErased(principal) },
  }
}
