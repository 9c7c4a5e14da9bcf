// Whether a person may use a model: their policy, then what it says about models.
import type { ModelDenial } from '../inference/model-refusals.ts'
import type { ModelPolicy } from '../inference/models-route.ts'
import { type ModelRule, modelRule } from './model-rule.ts'
import type { PolicySet } from './policy-set.ts'

interface ModelPolicyOptions {
  readonly policies: PolicySet
  /** `gatehouse.policy.unmatched`: what becomes of people whom no policy matches. */
  readonly unmatched: 'allow' | 'deny'
}

/** More models than a catalog has; the ids of a policy's memory may come from requests. */
const MAX_REMEMBERED = 1000

/** The policy that every route about models asks; a verdict that was worked out before is one look-up. */
export function createModelPolicy({ policies, unmatched }: ModelPolicyOptions): ModelPolicy {
  const rules = policies.policies.map(({ index, settings }) => remembered(index, modelRule(settings)))
  const stranger: ModelDenial | null =
    policies.isManaged && unmatched === 'deny' ? { reason: 'unmatched', policyIndex: null } : null
  return (model, identity) => {
    const policy = policies.select(identity)
    return policy === null ? stranger : (rules[policy.index]?.(model) ?? null)
  }
}

function remembered(
  policyIndex: number,
  rule: ModelRule,
): (model: Parameters<ModelRule>[0]) => ModelDenial | null {
  const verdicts = new Map<string, ModelDenial | null>()
  return model => {
    // Everything that the verdict depends on: one id may be asked about with and without what it is mapped to.
    const key = JSON.stringify([model.id, ...model.sentAs])
    const known = verdicts.get(key)
    if (known !== undefined) return known
    const refusal = rule(model)
    const verdict = refusal === null ? null : { reason: refusal.key, policyIndex }
    if (verdicts.size >= MAX_REMEMBERED) verdicts.clear()
    verdicts.set(key, verdict)
    return verdict
  }
}
