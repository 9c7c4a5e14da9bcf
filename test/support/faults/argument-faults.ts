import type { Fault } from './fault.ts'

const SERVICE = 'google_cloud_run_v2_service.service_service'
const INSTANCE = 'google_sql_database_instance.database_instance'
const RECORD = 'google_dns_record_set.dns_host-address'

/** What Terraform, or the provider, would refuse before anything is made. */
export const ARGUMENT_FAULTS: readonly Fault[] = [
  {
    title: 'an argument is misspelled',
    change: { [`${SERVICE} invoker_iam_disable`]: true },
    foundBy: ['schema'],
    says: 'google_cloud_run_v2_service.service_service invoker_iam_disable: unknown: there is no such argument',
    terraform: 'Extraneous JSON object property',
  },
  {
    title: 'an argument stands in the wrong block',
    change: { [`${SERVICE} template.timeout_seconds`]: 3600 },
    foundBy: ['schema'],
    says: 'google_cloud_run_v2_service.service_service template.timeout_seconds: unknown: there is no such argument',
    terraform: 'Extraneous JSON object property',
  },
  {
    title: 'a number is a word',
    change: { [`${SERVICE} template.scaling.max_instance_count`]: 'eight' },
    foundBy: ['schema'],
    says: 'google_cloud_run_v2_service.service_service template.scaling.max_instance_count: wrong type: number is expected, not "eight"',
    terraform: 'Incorrect attribute value type',
  },
  {
    title: 'a list is a text',
    change: { [`${RECORD} rrdatas`]: '10.80.1.2' },
    foundBy: ['schema'],
    says: 'google_dns_record_set.dns_host-address rrdatas: wrong type: list is expected, not "10.80.1.2"',
    terraform: 'Incorrect attribute value type',
  },
  {
    title: 'a switch is a text',
    change: { 'google_compute_network.network_vpc auto_create_subnetworks': 'false' },
    foundBy: ['schema'],
    says: 'google_compute_network.network_vpc auto_create_subnetworks: wrong type: bool is expected, not "false"',
  },
  {
    title: 'a required argument is missing',
    change: { [`${RECORD} type`]: undefined },
    foundBy: ['schema'],
    says: 'google_dns_record_set.dns_host-address: missing: type is required',
    terraform: 'Missing required argument',
  },
  {
    title: 'a required block is missing',
    change: { 'google_secret_manager_secret.secrets_jwt replication': undefined },
    foundBy: ['schema'],
    says: 'google_secret_manager_secret.secrets_jwt replication: block count: at least one is required',
    terraform: 'Insufficient replication blocks',
  },
  {
    title: 'a block is there twice',
    change: {
      'google_compute_region_backend_service.load-balancer_backend log_config': [
        { enable: true },
        { enable: true },
      ],
    },
    foundBy: ['schema'],
    says: 'google_compute_region_backend_service.load-balancer_backend log_config: block count: 2, of which one may be',
    terraform: 'Too many log_config blocks',
  },
  {
    title: 'what only the provider knows is set',
    change: { [`${INSTANCE} connection_name`]: 'example-claude-prod:us-east5:gatehouse-db' },
    foundBy: ['schema'],
    says: 'google_sql_database_instance.database_instance connection_name: computed-only: it can only be read',
    terraform: 'Value for unconfigurable attribute',
  },
  {
    title: 'a documented choice is misspelled',
    change: { 'google_compute_region_ssl_policy.load-balancer_tls min_tls_version': 'TLS_1.2' },
    foundBy: ['schema'],
    says: 'google_compute_region_ssl_policy.load-balancer_tls min_tls_version: not an option: "TLS_1.2" is none of TLS_1_0, TLS_1_1, TLS_1_2',
    terraform: 'expected min_tls_version to be one of ["TLS_1_0","TLS_1_1","TLS_1_2"], got TLS_1.2',
  },
  {
    title: 'a choice that only the API documents is misspelled',
    change: { [`${INSTANCE} settings.availability_type`]: 'MULTI_ZONE' },
    foundBy: ['a choice is one of those that Google knows'],
    says: 'google_sql_database_instance.database_instance: settings.availability_type is MULTI_ZONE',
  },
  {
    title: 'a resource is of a type that the provider does not have',
    change: { 'google_cloud_run_v3_service.service_next': { name: 'gatehouse' } },
    foundBy: ['schema', 'every API that is used is switched on'],
    says: 'google_cloud_run_v3_service.service_next: unknown: no provider has resource google_cloud_run_v3_service',
    terraform: 'Invalid resource type',
  },
  {
    title: 'a whole resource is given where its name is wanted',
    change: { [`${RECORD} managed_zone`]: '${google_dns_managed_zone.dns_host}' },
    foundBy: ['schema', 'a record is named as its own zone, or is the wildcard of it, and none is of IPv6'],
    says: 'google_dns_record_set.dns_host-address managed_zone: wrong type: string is expected, not an object',
  },
  {
    title: 'something that others refer to is gone',
    change: { 'google_compute_subnetwork.network_endpoints': undefined },
    foundBy: ['references'],
    says: 'google_compute_address.database_address: reference: google_compute_subnetwork.network_endpoints is not declared',
    terraform: 'Reference to undeclared resource',
  },
  {
    title: 'a result is read that there is not',
    change: { [`${RECORD} rrdatas`]: ['${google_compute_address.load-balancer_address.ip}'] },
    foundBy: ['references'],
    says: 'google_dns_record_set.dns_host-address: reference: google_compute_address.load-balancer_address has no ip',
    terraform: 'Unsupported attribute',
  },
  {
    title: 'two resources wait for each other',
    change: {
      'google_compute_network.network_vpc depends_on': [
        'google_project_service.project_api-compute',
        'google_compute_subnetwork.network_egress',
      ],
    },
    foundBy: ['references'],
    says: 'google_compute_network.network_vpc: cycle: it waits for itself',
    terraform: 'Cycle',
  },
  {
    title: 'an expression stands where an address is wanted',
    change: {
      'google_project_iam_custom_role.project_predictor depends_on': [
        '${google_project_service.project_api-iam}',
      ],
    },
    foundBy: ['references'],
    says: 'google_project_iam_custom_role.project_predictor depends_on: reference: ${google_project_service.project_api-iam} is no address',
    terraform: 'Invalid expression',
  },
  {
    title: 'arguments that exclude each other are set',
    change: { 'google_compute_forwarding_rule.load-balancer_rule ports': ['443'] },
    foundBy: ['only port 443 is open', 'of arguments that exclude each other one is set'],
    says: 'google_compute_forwarding_rule.load-balancer_rule: ports is set',
  },
]
