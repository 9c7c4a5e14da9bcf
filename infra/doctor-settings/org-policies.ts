// Organisation policies that would stop an apply half-way, as they are in force for this project.
import { ok, type Verdict } from '../../app/doctor/check.ts'
import { CONSTRAINTS } from './constraints.ts'
import { EffectivePolicy } from './policy-rules.ts'
import { type SettingsCheck, unread } from './settings-check.ts'

/** Org Policy v2, `policies.getEffectivePolicy`. */
export const orgPolicies: SettingsCheck = {
  id: 'org-policies',
  async examine({ settings, google }) {
    const answers = await Promise.all(
      CONSTRAINTS.map(async constraint => {
        const path = `/v2/projects/${settings.projectNumber}/policies/${constraint.id}:getEffectivePolicy`
        const answer = await google.get(EffectivePolicy, new URL(path, 'https://orgpolicy.googleapis.com'))
        return { ...constraint, answer }
      }),
    )
    const read = answers.filter(({ answer }) => answer.kind === 'answered')
    const verdicts = answers.flatMap(({ id, judge, answer }): Verdict[] => {
      if (answer.kind === 'refused') return answer.status === 404 ? [] : [unread(answer, id)]
      const verdict = judge(answer.value, settings)
      return verdict === null ? [] : [{ ...verdict, evidence: `${id}: ${verdict.evidence}` }]
    })
    if (verdicts.length > 0) return alike(verdicts)
    return ok(`${read.length} of ${CONSTRAINTS.length} policies read, and none is in the way`)
  },
}

/** One line where nothing can be read at all. */
function alike(verdicts: readonly Verdict[]): readonly Verdict[] {
  const [first] = verdicts
  const isSilent = verdicts.length === CONSTRAINTS.length && verdicts.every(({ status }) => status === 'skip')
  if (!isSilent || first === undefined) return verdicts
  return [{ ...first, evidence: `none of ${CONSTRAINTS.length} policies can be read; ${first.evidence}` }]
}
