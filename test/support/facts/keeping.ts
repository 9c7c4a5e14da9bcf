// What is kept from harm: pins of the programs, the state, and what may not be deleted by mistake (G-62 to G-64).
import { all, always, type Fact, ofType } from './fact.ts'

const PROTECTED = [
  ...['google_cloud_run_v2_service', 'google_sql_database_instance', 'google_secret_manager_secret'],
]

export const KEEPING: readonly Fact[] = [
  {
    sentence: 'the programs are pinned, and the state is in a bucket',
    broken: stack => {
      const { backend, required_providers: providers, required_version: version } = stack.terraform ?? {}
      const { google, random } = (providers ?? {}) as Record<string, { version?: string } | undefined> // as it is rendered
      return [
        ...(version === '>= 1.11.0' ? [] : [`terraform: required_version is ${version}`]),
        ...(/^\d+\.\d+\.\d+$/.test(google?.version ?? '') ? [] : [`terraform: google is ${google?.version}`]),
        ...(/^~> \d+\.\d+$/.test(random?.version ?? '') ? [] : [`terraform: random is ${random?.version}`]),
        ...(JSON.stringify(backend ?? {}).startsWith('{"gcs":{"bucket":"')
          ? []
          : ['terraform: the state is not in a bucket']),
      ]
    },
  },
  {
    sentence: 'service, database and secrets are protected together, or not at all',
    broken: stack => {
      const protectedOnes = ofType(stack, ...PROTECTED)
      const [instance] = ofType(stack, 'google_sql_database_instance')
      const expected = instance?.block['deletion_protection']
      return [
        ...protectedOnes
          .filter(({ block }) => block['deletion_protection'] !== expected)
          .map(({ address, block }) => `${address}: deletion_protection is ${block['deletion_protection']}`),
        ...always(
          'google_sql_database_instance',
          'settings.deletion_protection_enabled',
          expected === true,
        )(stack),
      ]
    },
  },
  {
    sentence: 'users who own tables stay behind, and so do backups',
    broken: all(
      always('google_sql_user', 'deletion_policy', 'ABANDON'),
      always('google_sql_database_instance', 'settings.retain_backups_on_delete', true),
    ),
  },
]
