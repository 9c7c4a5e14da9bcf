// `gatehouse explain`: what one person gets from a file; nothing is opened but, for a subject, the store.
import type { Environment } from '../config/environment.ts'
import type { ExplainArguments } from '../config/explain-arguments.ts'
import type { LoadedConfig } from '../config/load.ts'
import { explain } from '../explain/explanation.ts'
import { explanationJson, explanationText } from '../explain/explanation-text.ts'
import { personOf } from '../explain/person.ts'
import { findPrincipal } from '../store/principals.ts'
import { withStore } from './open-store.ts'

/** The text to print, or what is wrong with the person in a sentence. */
export async function explained(
  { config, secretValues }: Extract<LoadedConfig, { kind: 'loaded' }>,
  asked: ExplainArguments,
  environment: Environment,
): Promise<{ text: string } | { problem: string }> {
  const source = { store: config.store, cloudSql: config.gatehouse.cloud_sql }
  const person = await personOf(asked, sub =>
    withStore(source, environment, ({ pool }) => findPrincipal(pool, sub)),
  )
  if (typeof person === 'string') return { problem: person }
  const explanation = explain(config, { person, model: asked.model, secretValues })
  return { text: asked.json ? explanationJson(explanation) : explanationText(explanation, asked) }
}
