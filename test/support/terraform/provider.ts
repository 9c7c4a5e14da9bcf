// A provider of Terraform that serves a schema and keeps its word, but makes nothing anywhere.
import { refusals } from './refusals.ts'
import type { Block, ProviderSchema } from './schema.ts'
import { isWriteOnly } from './schema.ts'
import {
  applied,
  type DynamicValue,
  plannedAgain,
  plannedAnew,
  received,
  replacing,
  sent,
  type Values,
} from './values.ts'
import { wireSchema } from './wire-schema.ts'

/** A write-only argument that arrived with an apply: the only trace that it may leave. */
export interface Handed {
  readonly type: string
  readonly argument: string
  readonly value: unknown
}

/** What Terraform asks, as far as it is read here. */
interface Asked {
  readonly type_name?: string
  readonly config?: DynamicValue
  readonly prior_state?: DynamicValue
  readonly proposed_new_state?: DynamicValue
  readonly planned_state?: DynamicValue
  readonly current_state?: DynamicValue
  readonly raw_state?: { readonly json: Uint8Array }
}

const ERROR = 1

export class Provider {
  /** Everything write-only that was handed over, in order. */
  readonly handed: Handed[] = []
  readonly #schema: ProviderSchema
  /** Counts what was made, so that each has results of its own. */
  #made = 0

  constructor(schema: ProviderSchema) {
    this.#schema = schema
  }

  schema(): object {
    return wireSchema(this.#schema)
  }

  prepare({ config }: Asked): object {
    return { prepared_config: config }
  }

  validate({ type_name = '', config }: Asked): object {
    const found = refusals(received(config) ?? {}, this.#resource(type_name))
    return { diagnostics: found.map(refusal => ({ severity: ERROR, ...refusal })) }
  }

  /** States are of one version. */
  upgrade({ raw_state }: Asked): object {
    return { upgraded_state: { json: raw_state?.json } }
  }

  /** Nothing changes behind Terraform's back. */
  read({ current_state }: Asked): object {
    return { new_state: current_state }
  }

  plan({ type_name = '', prior_state, proposed_new_state }: Asked): object {
    const prior = received(prior_state)
    const proposed = received(proposed_new_state)
    const schema = this.#resource(type_name)
    if (proposed === null) return { planned_state: proposed_new_state, legacy_type_system: true }
    if (prior === null)
      return { planned_state: sent(plannedAnew(proposed, schema)), legacy_type_system: true }
    const names = replacing(prior, proposed, schema)
    return {
      planned_state: sent(plannedAgain(proposed, schema)),
      requires_replace: names.map(name => ({ steps: [{ attribute_name: name }] })),
      legacy_type_system: true,
    }
  }

  /** Refuses to delete what is protected, as Google's provider does, by what the state says. */
  apply({ type_name = '', prior_state, planned_state, config }: Asked): object {
    const planned = received(planned_state)
    if (planned === null) return this.#destroyed(type_name, received(prior_state), prior_state)
    this.#takeWriteOnly(type_name, received(config) ?? {})
    this.#made += 1
    const seed = `${type_name}-${this.#made}`
    return { new_state: sent(applied(planned, this.#resource(type_name), seed)), legacy_type_system: true }
  }

  data({ type_name = '', config }: Asked): object {
    const schema = this.#schema.data[type_name]
    if (schema === undefined) throw new Error(`no data source ${type_name}`)
    return { state: sent(applied(plannedAnew(received(config) ?? {}, schema), schema, type_name)) }
  }

  /** A value that differs each time, as a random password does. */
  open({ type_name = '', config }: Asked): object {
    const schema = this.#schema.ephemeral[type_name]
    if (schema === undefined) throw new Error(`no ephemeral resource ${type_name}`)
    this.#made += 1
    const seed = `ephemeral-${this.#made}`
    return { result: sent(applied(plannedAnew(received(config) ?? {}, schema), schema, seed)) }
  }

  #destroyed(type: string, prior: Values | null, state: DynamicValue | undefined): object {
    if (prior?.['deletion_protection'] !== true) return { new_state: sent(null), legacy_type_system: true }
    const summary = `${type} is protected: apply deletion_protection=false before`
    return { new_state: state, diagnostics: [{ severity: ERROR, summary }], legacy_type_system: true }
  }

  #takeWriteOnly(type: string, config: Values): void {
    for (const [argument, value] of Object.entries(config)) {
      if (isWriteOnly(argument) && value !== null) this.handed.push({ type, argument, value })
    }
  }

  #resource(type: string): Block {
    const schema = this.#schema.resources[type]
    if (schema === undefined) throw new Error(`no resource ${type}`)
    return schema
  }
}
