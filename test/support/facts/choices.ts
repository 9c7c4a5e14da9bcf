// Values and pairs that Google's documentation fixes and the schema does not know.
import type { StackJson } from '../terraform/stack-json.ts'
import { blocksAt, type Fact, ofType, valueAt } from './fact.ts'

/** Values of which the bindings list none; those that we set, as the reference of each API spells them. */
const VALUES: readonly (readonly [type: string, path: string, values: readonly string[]])[] = [
  ['google_artifact_registry_repository', 'format', ['DOCKER', 'GENERIC']],
  ['google_cloud_scheduler_job', 'http_target.http_method', ['POST', 'GET', 'PUT', 'DELETE', 'PATCH']],
  ['google_compute_address', 'purpose', ['GCE_ENDPOINT']],
  ['google_compute_global_address', 'purpose', ['PRIVATE_SERVICE_CONNECT', 'VPC_PEERING']],
  ['google_compute_subnetwork', 'purpose', ['PRIVATE', 'REGIONAL_MANAGED_PROXY', 'PRIVATE_SERVICE_CONNECT']],
  ['google_dns_record_set', 'type', ['A', 'CNAME']],
  ['google_kms_crypto_key', 'purpose', ['ASYMMETRIC_SIGN']],
  ['google_kms_crypto_key', 'version_template.algorithm', ['EC_SIGN_P256_SHA256', 'EC_SIGN_P384_SHA384']],
  ['google_kms_crypto_key', 'version_template.protection_level', ['SOFTWARE', 'HSM']],
  ['google_secret_manager_secret_version', 'deletion_policy', ['DELETE', 'DISABLE', 'ABANDON']],
  ['google_sql_database', 'deletion_policy', ['DELETE', 'ABANDON']],
  ['google_sql_database_instance', 'database_version', ['POSTGRES_15', 'POSTGRES_16', 'POSTGRES_17']],
  ['google_sql_database_instance', 'settings.availability_type', ['REGIONAL', 'ZONAL']],
  ['google_sql_database_instance', 'settings.connector_enforcement', ['REQUIRED', 'NOT_REQUIRED']],
  ['google_sql_user', 'type', ['BUILT_IN', 'CLOUD_IAM_SERVICE_ACCOUNT']],
  ['google_monitoring_uptime_check_config', 'checker_type', ['VPC_CHECKERS', 'STATIC_IP_CHECKERS']],
]

/** Of each group at most one may be set, in one block. */
const EXCLUSIVE: readonly (readonly [type: string, path: string, names: readonly string[]])[] = [
  ['google_sql_user', '', ['password', 'password_wo']],
  ['google_secret_manager_secret_version', '', ['secret_data', 'secret_data_wo']],
  ['google_secret_manager_secret', 'replication', ['auto', 'user_managed']],
  ['google_compute_forwarding_rule', '', ['port_range', 'ports', 'all_ports']],
  ['google_compute_forwarding_rule', '', ['target', 'backend_service']],
  ['google_compute_region_target_https_proxy', '', ['ssl_certificates', 'certificate_manager_certificates']],
  ['google_certificate_manager_certificate', '', ['managed', 'self_managed']],
  ['google_certificate_manager_certificate', 'managed', ['dns_authorizations', 'issuance_config']],
  ['google_cloud_run_v2_service', 'template.containers.0.startup_probe', ['http_get', 'tcp_socket', 'grpc']],
  ['google_cloud_run_v2_service', 'template.containers.0.liveness_probe', ['http_get', 'tcp_socket', 'grpc']],
  ['google_cloud_run_v2_service', 'template.vpc_access', ['connector', 'network_interfaces']],
  ['google_cloudbuild_trigger', '', ['filename', 'build', 'git_file_source']],
  ['google_cloud_scheduler_job', 'http_target', ['oauth_token', 'oidc_token']],
]

/** Lists that the provider keeps as sets: what stands twice is there once, and every plan would find a difference. */
const SETS: readonly (readonly [type: string, path: string])[] = [
  ['google_project_iam_custom_role', 'permissions'],
  ['google_sql_database_instance', 'settings.ip_configuration.psc_config.0.allowed_consumer_projects'],
  ['google_compute_router_nat', 'nat_ips'],
  ['google_dns_managed_zone', 'private_visibility_config.networks'],
  ['google_dns_policy', 'networks'],
  ['google_billing_budget', 'budget_filter.projects'],
]

export const CHOICES: readonly Fact[] = [
  {
    sentence: 'a choice is one of those that Google knows',
    broken: stack =>
      VALUES.flatMap(([type, path, values]) =>
        ofType(stack, type)
          .map(({ address, block }) => ({ address, value: valueAt(block, path) }))
          .filter(({ value }) => value !== undefined && !values.includes(String(value)))
          .map(({ address, value }) => `${address}: ${path} is ${value}`),
      ),
  },
  {
    sentence: 'of arguments that exclude each other one is set',
    broken: stack =>
      EXCLUSIVE.flatMap(([type, path, names]) =>
        ofType(stack, type).flatMap(({ address, block }) => {
          const set = names.filter(
            name => valueAt(path === '' ? block : valueAt(block, path), name) !== undefined,
          )
          return set.length <= 1 ? [] : [`${address}: ${set.join(' and ')} are set`]
        }),
      ),
  },
  {
    sentence: 'what Google keeps as a set is written without repetition',
    broken: stack =>
      SETS.flatMap(([type, path]) =>
        ofType(stack, type).flatMap(({ address, block }) => {
          const texts = blocksAt(block, path).map(each => JSON.stringify(each))
          return new Set(texts).size === texts.length ? [] : [`${address}: ${path} repeats something`]
        }),
      ),
  },
  {
    sentence: 'every forwarding rule and backend says which kind of balancer it is of',
    broken: (stack: StackJson) =>
      ofType(
        stack,
        ...['google_compute_forwarding_rule', 'google_compute_global_forwarding_rule'],
        'google_compute_region_backend_service',
      )
        .filter(({ block }) => !('load_balancing_scheme' in block))
        .map(({ address }) => `${address}: load_balancing_scheme is not set`),
  },
]
