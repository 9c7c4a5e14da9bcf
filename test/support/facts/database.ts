import { all, always, type Fact, ofType, valueAt } from './fact.ts'

const INSTANCE = 'google_sql_database_instance'

/** Cloud SQL: private, encrypted, and of a form that Google takes (8.7). */
export const DATABASE: readonly Fact[] = [
  {
    sentence: 'the database has no public address, and takes no connection without TLS',
    broken: all(
      always(INSTANCE, 'settings.ip_configuration.ipv4_enabled', false),
      always(INSTANCE, 'settings.ip_configuration.authorized_networks', undefined),
      always(INSTANCE, 'settings.ip_configuration.ssl_mode', 'ENCRYPTED_ONLY'),
    ),
  },
  {
    sentence: 'the edition is written and fits the tier, and the size of the disk is left to grow',
    broken: all(
      always(INSTANCE, 'settings.edition', 'ENTERPRISE', 'ENTERPRISE_PLUS'),
      always(INSTANCE, 'settings.disk_size', undefined),
      stack =>
        ofType(stack, INSTANCE)
          .filter(({ block }) => valueAt(block, 'settings.edition') === 'ENTERPRISE_PLUS')
          .filter(({ block }) => /^db-(custom|f1|g1)-/.test(String(valueAt(block, 'settings.tier'))))
          .map(({ address, block }) => `${address}: tier is ${valueAt(block, 'settings.tier')}`),
    ),
  },
  {
    sentence: 'what stands by in another zone can be restored to any moment',
    broken: stack =>
      ofType(stack, INSTANCE)
        .filter(({ block }) => valueAt(block, 'settings.availability_type') === 'REGIONAL')
        .flatMap(({ address, block }) =>
          ['enabled', 'point_in_time_recovery_enabled']
            .filter(name => valueAt(block, `settings.backup_configuration.${name}`) !== true)
            .map(name => `${address}: backup_configuration.${name} is not true`),
        ),
  },
  {
    sentence: 'the login of the gateway is one that the instance accepts',
    broken: stack => {
      const isIam = ofType(stack, 'google_sql_user').some(
        ({ block }) => block['type'] === 'CLOUD_IAM_SERVICE_ACCOUNT',
      )
      if (!isIam) return []
      return ofType(stack, INSTANCE)
        .filter(
          ({ block }) =>
            !JSON.stringify(valueAt(block, 'settings.database_flags') ?? []).includes(
              '"name":"cloudsql.iam_authentication","value":"on"',
            ),
        )
        .map(({ address }) => `${address}: cloudsql.iam_authentication is not on`)
    },
  },
]
