// `gatehouse explain`: what one person gets from a file; nothing is opened but, for a subject, the store.
import type { Pool, QueryArrayConfig } from 'pg'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import type { ExplainArguments } from '../config/explain-arguments.ts'
import type { LoadedConfig } from '../config/load.ts'
import { explain, type Person } from '../explain/explanation.ts'
import { explanationJson, explanationText } from '../explain/explanation-text.ts'
import { personOf } from '../explain/person.ts'
import type { SpendRead } from '../explain/spend-report.ts'
import { systemClock } from '../lib/clock.ts'
import { periodsAt } from '../lib/periods.ts'
import { SpendReader } from '../spend/spend-reader.ts'
import { findPrincipal } from '../store/principals.ts'
import { withStore } from './open-store.ts'

/** The text to print, or what is wrong with the person in a sentence. */
export async function explained(
  { config, secretValues }: Extract<LoadedConfig, { kind: 'loaded' }>,
  asked: ExplainArguments,
  environment: Environment,
): Promise<{ text: string } | { problem: string }> {
  const source = { store: config.store, cloudSql: config.gatehouse.cloud_sql }
  const known = await (asked.sub === undefined
    ? knownOf(config, asked, null)
    : withStore(source, environment, ({ pool }) => knownOf(config, asked, pool)))
  if (typeof known === 'string') return { problem: known }
  const explanation = explain(config, { ...known, model: asked.model, secretValues })
  return { text: asked.json ? explanationJson(explanation) : explanationText(explanation, asked) }
}

interface Known {
  readonly person: Person
  readonly spend: SpendRead | null
}

/** Who it is and what they spent, or what is wrong with the person; without a pool only what the command line says. */
async function knownOf(config: Config, asked: ExplainArguments, pool: Pool | null): Promise<Known | string> {
  const person = await personOf(asked, async sub => pool && findPrincipal(pool, sub))
  if (typeof person === 'string') return person
  return { person, spend: pool === null || config.admin === undefined ? null : await spentBy(person, pool) }
}

async function spentBy(person: Person, pool: Pool): Promise<SpendRead> {
  const periods = periodsAt(systemClock())
  const connection = {
    rows: async <Row extends unknown[]>(statement: QueryArrayConfig) =>
      (await pool.query<Row>(statement)).rows,
  }
  const reader = new SpendReader({ connection, clock: () => performance.now() })
  return { reading: await reader.read(person, periods), periods }
}
