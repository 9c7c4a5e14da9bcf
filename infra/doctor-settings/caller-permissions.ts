// Whether the caller may do what an apply does, asked of Google with `testIamPermissions`, which changes nothing.
import { z } from 'zod'
import { fail, ok, type Verdict } from '../../app/doctor/check.ts'
import { neededPermissions } from './needed-permissions.ts'
import { type SettingsCheck, type Surroundings, unread } from './settings-check.ts'

const Held = z.object({ permissions: z.array(z.string()).default([]) })

/** Resource Manager v3, `projects.testIamPermissions`; Cloud Billing v1, `billingAccounts.testIamPermissions`. */
export const callerPermissions: SettingsCheck = {
  id: 'permissions',
  async examine(surroundings) {
    return Promise.all([
      ...[...neededPermissions(surroundings.settings)].map(([project, needed]) =>
        onProject(surroundings, project, needed),
      ),
      ...(surroundings.settings.budget === undefined ? [] : [onBillingAccount(surroundings)]),
    ])
  },
}

async function onProject(
  { google }: Surroundings,
  project: string,
  needed: ReadonlyMap<string, string>,
): Promise<Verdict> {
  const path = `/v3/projects/${project}:testIamPermissions`
  const url = new URL(path, 'https://cloudresourcemanager.googleapis.com')
  const answer = await google.post(Held, url, { permissions: [...needed.keys()] })
  if (answer.kind === 'refused') return unread(answer, `what the caller may do in ${project}`)
  const held = new Set(answer.value.permissions)
  const missing = [...needed].filter(([permission]) => !held.has(permission))
  if (missing.length === 0) return ok(`the caller has all of ${needed.size} permissions in ${project}`)
  const roles = [...new Set(missing.map(([, role]) => `roles/${role}`))]
  return fail(
    `in ${project} the caller lacks ${missing.map(([permission]) => permission).join(', ')}`,
    `grant ${roles.join(', ')}, or apply as the account that infra/bootstrap.sh makes`,
  )
}

async function onBillingAccount({ settings, google }: Surroundings): Promise<Verdict> {
  const account = settings.budget?.billingAccount ?? ''
  const url = new URL(
    `/v1/billingAccounts/${account}:testIamPermissions`,
    'https://cloudbilling.googleapis.com',
  )
  const answer = await google.post(Held, url, { permissions: ['billing.budgets.create'] })
  if (answer.kind === 'refused') return unread(answer, `what the caller may do with ${account}`)
  if (answer.value.permissions.length > 0) return ok(`the caller may make budgets for ${account}`)
  return fail(
    `the caller may not make budgets for ${account}`,
    'grant roles/billing.costsManager on the billing account, or remove the key budget',
  )
}
