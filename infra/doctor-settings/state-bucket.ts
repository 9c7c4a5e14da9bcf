// Whether the bucket for the state is there, keeps old versions, and is nobody else's.
import { z } from 'zod'
import { fail, ok, type Verdict, warn } from '../../app/doctor/check.ts'
import { BUCKET_PERMISSIONS } from './needed-permissions.ts'
import { type SettingsCheck, type Surroundings, unread } from './settings-check.ts'

const Bucket = z.object({
  projectNumber: z.string().optional(),
  versioning: z.object({ enabled: z.boolean() }).optional(),
  iamConfiguration: z
    .object({
      publicAccessPrevention: z.string().optional(),
      uniformBucketLevelAccess: z.object({ enabled: z.boolean() }).optional(),
    })
    .default({}),
})
const Held = z.object({ permissions: z.array(z.string()).default([]) })

/** Storage v1, `buckets.get` and `buckets.testIamPermissions`. */
export const stateBucket: SettingsCheck = {
  id: 'state-bucket',
  async examine(surroundings) {
    const { settings, google } = surroundings
    const { stateBucket: name } = settings
    const url = new URL(`/storage/v1/b/${name}`, 'https://storage.googleapis.com')
    const answer = await google.get(Bucket, url)
    if (answer.kind === 'refused') {
      if (answer.status !== 404) return unread(answer, `gs://${name}`)
      return fail(`gs://${name} is not there`, `infra/bootstrap.sh ${settings.project} ${settings.region}`)
    }
    const findings = [...faultsOf(answer.value, settings), ...(await faultsOfRights(surroundings, url))]
    return findings.length > 0 ? findings : ok(`gs://${name} keeps versions, is private, and can be written`)
  },
}

function faultsOf(bucket: z.infer<typeof Bucket>, settings: Surroundings['settings']): Verdict[] {
  const { stateBucket: name, projectNumber } = settings
  const { publicAccessPrevention, uniformBucketLevelAccess } = bucket.iamConfiguration
  const update = `gcloud storage buckets update gs://${name}`
  const verdicts: Verdict[] = []
  if (bucket.versioning?.enabled !== true)
    verdicts.push(fail(`gs://${name} keeps no versions: a lost state stays lost`, `${update} --versioning`))
  if (uniformBucketLevelAccess?.enabled !== true)
    verdicts.push(fail(`gs://${name} has rights per object`, `${update} --uniform-bucket-level-access`))
  if (publicAccessPrevention !== 'enforced')
    verdicts.push(warn(`gs://${name} can be made public`, `${update} --public-access-prevention`))
  if (bucket.projectNumber !== undefined && bucket.projectNumber !== projectNumber)
    verdicts.push(
      warn(
        `gs://${name} belongs to the project number ${bucket.projectNumber}`,
        'set stateBucket to one of this project, unless that is meant',
      ),
    )
  return verdicts
}

async function faultsOfRights({ settings, google }: Surroundings, bucket: URL): Promise<Verdict[]> {
  const url = new URL(`${bucket.pathname}/iam/testPermissions`, bucket)
  for (const permission of BUCKET_PERMISSIONS) url.searchParams.append('permissions', permission)
  const answer = await google.get(Held, url)
  const name = `gs://${settings.stateBucket}`
  if (answer.kind === 'refused') return [unread(answer, `what the caller may do with ${name}`)]
  const missing = BUCKET_PERMISSIONS.filter(permission => !answer.value.permissions.includes(permission))
  if (missing.length === 0) return []
  return [
    fail(
      `the caller lacks ${missing.join(', ')} on ${name}`,
      'grant roles/storage.objectAdmin on the bucket',
    ),
  ]
}
