import type { Fault } from './fault.ts'

const SERVICE = 'google_cloud_run_v2_service.service_service'
const INSTANCE = 'google_sql_database_instance.database_instance'
const CONTAINER = 'template.containers.0'
const CONFIG = 'google_secret_manager_secret_version.secrets_config-text'
const KEY = 'google_secret_manager_secret_version.secrets_jwt-g1'
const RUN = '${google_service_account.project_account-run.member}'

function grant(role: string): unknown {
  return { project: 'example-claude-prod', role, member: RUN }
}

/** What would show a secret, trust too many, or lose what is needed later. */
export const TRUST_FAULTS: readonly Fault[] = [
  {
    title: 'a password is in plain text',
    change: { 'google_sql_user.database_bootstrap-user password': 'correct horse' },
    foundBy: ['no argument keeps a secret in the state', 'of arguments that exclude each other one is set'],
    says: 'google_sql_user.database_bootstrap-user: password is kept',
  },
  {
    title: 'a key that signs bearers is in plain text',
    change: { [`${KEY} secret_data_wo`]: 'correct horse battery staple' },
    foundBy: ['what is written only is generated while Terraform runs, or the text of gateway.yaml'],
    says: 'google_secret_manager_secret_version.secrets_jwt-g1: secret_data_wo is a text',
  },
  {
    title: 'a key is kept in the state',
    change: { [`${KEY} secret_data`]: '${ephemeral.random_password.jwt_1.result}' },
    foundBy: ['no argument keeps a secret in the state', 'of arguments that exclude each other one is set'],
    says: 'google_secret_manager_secret_version.secrets_jwt-g1: secret_data is kept',
  },
  {
    title: 'gateway.yaml holds a secret',
    change: { [`${CONFIG} secret_data_wo`]: '# Rendered from a test\noidc:\n  client_secret: GOCSPX-1234\n' },
    foundBy: ['gateway.yaml says where its secrets are, and holds none'],
    says: 'google_secret_manager_secret_version.secrets_config-text: client_secret is a value',
  },
  {
    title: 'a variable of the container is a secret',
    change: { [`${SERVICE} ${CONTAINER}.env.4`]: { name: 'OIDC_CLIENT_SECRET', value: 'GOCSPX-1234' } },
    foundBy: ['no variable of a container holds a secret or refers to one'],
    says: 'google_cloud_run_v2_service.service_service: the variable OIDC_CLIENT_SECRET',
  },
  {
    title: 'a variable of the container refers to a secret',
    change: {
      [`${SERVICE} ${CONTAINER}.env.4`]: {
        name: 'SIGNING',
        value_source: { secret_key_ref: { secret: 'gatehouse-jwt', version: '1' } },
      },
    },
    foundBy: ['no variable of a container holds a secret or refers to one'],
    says: 'google_cloud_run_v2_service.service_service: the variable SIGNING',
  },
  {
    title: 'the newest version is mounted, whichever it is',
    change: { [`${SERVICE} template.volumes.2.secret.items.0.version`]: 'latest' },
    foundBy: ['every mounted version is pinned, by a number or a reference to one'],
    says: 'google_cloud_run_v2_service.service_service: a mounted version is latest',
  },
  {
    title: 'a password is not written again when it should be',
    change: { 'google_sql_user.database_bootstrap-user password_wo_version': undefined },
    foundBy: ['what is written only has a number that says when to write it again'],
    says: 'google_sql_user.database_bootstrap-user: password_wo_version is not set',
  },
  {
    title: 'an output shows a password',
    change: { 'output.bootstrap_password value': '${ephemeral.random_password.db_bootstrap_1.result}' },
    foundBy: ['no output is secret, and none refers to something that is'],
    says: 'output.bootstrap_password: it shows a secret',
  },
  {
    title: 'an older revision’s version is destroyed',
    change: { [`${CONFIG} deletion_policy`]: 'DELETE' },
    foundBy: ['a version that is replaced stays, for an older revision that starts again'],
    says: 'google_secret_manager_secret_version.secrets_config-text: it would be destroyed',
  },
  {
    title: 'an API is missing',
    change: { 'google_project_service.project_api-cloudscheduler': undefined },
    foundBy: ['references', 'every API that is used is switched on'],
    says: 'google_cloud_run_v2_job.doctor_command_job: reference: google_project_service.project_api-cloudscheduler is not declared',
  },
  {
    title: 'a database is made before its API is switched on',
    change: { [`${INSTANCE} depends_on`]: [] },
    foundBy: ['nothing is made before its API is switched on'],
    says: 'google_sql_database_instance.database_instance: it does not wait for sqladmin',
  },
  {
    title: 'an API is switched off with the stack',
    change: { 'google_project_service.project_api-run disable_on_destroy': true },
    foundBy: ['no API is switched off when the stack goes, because others in the project may use it'],
    says: 'google_project_service.project_api-run: disable_on_destroy is true',
  },
  {
    title: 'the gateway may edit the project',
    change: { 'google_project_iam_member.project_more': grant('roles/editor') },
    foundBy: ['no grant is made that is not listed here'],
    says: 'run roles/editor on project',
  },
  {
    title: 'the gateway may read every secret of the project',
    change: { 'google_project_iam_member.project_more': grant('roles/secretmanager.secretAccessor') },
    foundBy: [
      'no grant is made that is not listed here',
      'a service waits for its grants and for the way to its database, to which nothing refers',
    ],
    says: 'run roles/secretmanager.secretAccessor on project',
  },
  {
    title: 'a grant takes away those of others',
    change: {
      'google_project_iam_binding.project_more': {
        project: 'example-claude-prod',
        role: 'roles/logging.logWriter',
        members: [RUN],
      },
    },
    foundBy: ['a grant adds a member, and takes away nobody’s', 'every API that is used is switched on'],
    says: 'google_project_iam_binding.project_more: it is not a member’s grant',
  },
  {
    title: 'everybody may invoke, besides the check being off',
    change: {
      'google_cloud_run_v2_service_iam_member.service_everybody': {
        name: 'gatehouse',
        member: 'allUsers',
        role: 'roles/run.invoker',
      },
    },
    foundBy: [
      'no grant is made that is not listed here',
      'everybody may call the service only where the platform’s own check is on',
      'nothing is made before its API is switched on',
    ],
    says: 'allUsers roles/run.invoker on cloud_run_v2_service gatehouse',
  },
  {
    title: 'the service runs as the default account',
    change: { [`${SERVICE} template.service_account`]: '210987654321-compute@developer.gserviceaccount.com' },
    foundBy: ['it runs as an account of the stack, from an image by its digest'],
    says: 'google_cloud_run_v2_service.service_service: service_account is 210987654321-compute@developer.gserviceaccount.com',
  },
  {
    title: 'the image is a tag',
    change: {
      [`${SERVICE} ${CONTAINER}.image`]: 'us-east5-docker.pkg.dev/example-claude-prod/gatehouse/gatehouse:v1',
    },
    foundBy: ['it runs as an account of the stack, from an image by its digest'],
    says: 'google_cloud_run_v2_service.service_service: image is us-east5-docker.pkg.dev/example-claude-prod/gatehouse/gatehouse:v1',
  },
  {
    title: 'streams are cut after five minutes',
    change: { [`${SERVICE} template.timeout`]: '300s' },
    foundBy: ['a stream may take an hour, and the CPU stays with the process between requests'],
    says: 'google_cloud_run_v2_service.service_service: template.timeout is "300s"',
  },
  {
    title: 'the CPU is taken away between requests',
    change: { [`${SERVICE} ${CONTAINER}.resources.cpu_idle`]: true },
    foundBy: ['a stream may take an hour, and the CPU stays with the process between requests'],
    says: 'google_cloud_run_v2_service.service_service: template.containers.0.resources.cpu_idle is true',
  },
  {
    title: 'no instance waits for a request',
    change: { [`${SERVICE} template.scaling.min_instance_count`]: 0 },
    foundBy: [
      'an instance is always there, and takes fewer requests than the gateway has calls to upstreams',
    ],
    says: 'google_cloud_run_v2_service.service_service: min_instance_count is 0',
  },
  {
    title: 'an outage of the database restarts the gateway',
    change: { [`${SERVICE} ${CONTAINER}.liveness_probe.http_get.path`]: '/readyz' },
    foundBy: ['probes ask what does not ask the database'],
    says: 'google_cloud_run_v2_service.service_service: template.containers.0.liveness_probe.http_get.path is "/readyz"',
  },
  {
    title: 'a secret is mounted nowhere',
    change: { [`${SERVICE} ${CONTAINER}.volume_mounts.2.name`]: 'jwt' },
    foundBy: ['what is mounted is a volume of its own, and every volume is mounted'],
    says: 'google_cloud_run_v2_service.service_service: oidc-client-secret is not mounted',
  },
  {
    title: 'a share of the traffic goes nowhere',
    change: { [`${SERVICE} traffic.0.percent`]: 90 },
    foundBy: ['the shares of traffic add up to all of it, and no revision is named by us'],
    says: 'google_cloud_run_v2_service.service_service: the shares of traffic are 90',
  },
  {
    title: 'the service starts before it may read its secrets',
    change: { [`${SERVICE} depends_on.0`]: 'google_project_service.project_api-run' },
    foundBy: ['a service waits for its grants and for the way to its database, to which nothing refers'],
    says: 'google_cloud_run_v2_service.service_service: it does not wait for google_secret_manager_secret_iam_member.secrets_config-reader',
  },
  {
    title: 'the service may be deleted by mistake',
    change: { [`${SERVICE} deletion_protection`]: false },
    foundBy: ['service, database and secrets are protected together, or not at all'],
    says: 'google_cloud_run_v2_service.service_service: deletion_protection is false',
  },
  {
    title: 'the provider is not pinned',
    change: { 'terraform.required_providers google.version': '>= 6.0' },
    foundBy: ['the programs are pinned, and the state is in a bucket'],
    says: 'terraform: google is >= 6.0',
  },
  {
    title: 'the state is on somebody’s machine',
    change: { 'terraform.backend': { local: {} } },
    foundBy: ['the programs are pinned, and the state is in a bucket'],
    says: 'terraform: the state is not in a bucket',
  },
  {
    title: 'users who own tables are dropped with the stack',
    change: { 'google_sql_user.database_iam-user deletion_policy': undefined },
    foundBy: ['users who own tables stay behind, and so do backups'],
    says: 'google_sql_user.database_iam-user: deletion_policy is not set',
  },
  {
    title: 'the database cannot be taken back to a moment',
    change: { [`${INSTANCE} settings.backup_configuration.point_in_time_recovery_enabled`]: false },
    foundBy: ['what stands by in another zone can be restored to any moment'],
    says: 'google_sql_database_instance.database_instance: backup_configuration.point_in_time_recovery_enabled is not true',
  },
  {
    title: 'a permission is listed twice, so that every plan would find a difference',
    change: {
      'google_project_iam_custom_role.project_predictor permissions': [
        'aiplatform.endpoints.predict',
        'aiplatform.endpoints.predict',
      ],
    },
    foundBy: [
      'no grant is made that is not listed here',
      'what Google keeps as a set is written without repetition',
    ],
    says: 'run aiplatform.endpoints.predict,aiplatform.endpoints.predict on project',
  },
]
