import type { Fault } from './fault.ts'

const SERVICE = 'google_cloud_run_v2_service.service_service'
const INSTANCE = 'google_sql_database_instance.database_instance'
const RULE = 'google_compute_forwarding_rule.load-balancer_rule'
const BACKEND = 'google_compute_region_backend_service.load-balancer_backend'
const ZONE = 'google_dns_managed_zone.dns_host'

/** What would open the gateway to others, or close it to its own. */
export const NETWORK_FAULTS: readonly Fault[] = [
  {
    title: 'the database gets a public address',
    change: { [`${INSTANCE} settings.ip_configuration.ipv4_enabled`]: true },
    foundBy: ['the database has no public address, and takes no connection without TLS'],
    says: 'google_sql_database_instance.database_instance: settings.ip_configuration.ipv4_enabled is true',
  },
  {
    title: 'the database takes connections without TLS',
    change: { [`${INSTANCE} settings.ip_configuration.ssl_mode`]: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED' },
    foundBy: ['the database has no public address, and takes no connection without TLS'],
    says: 'google_sql_database_instance.database_instance: settings.ip_configuration.ssl_mode is "ALLOW_UNENCRYPTED_AND_ENCRYPTED"',
  },
  {
    title: 'the edition of the database is left to Google',
    change: { [`${INSTANCE} settings.edition`]: undefined },
    foundBy: ['the edition is written and fits the tier, and the size of the disk is left to grow'],
    says: 'google_sql_database_instance.database_instance: settings.edition is not set',
  },
  {
    title: 'IAM login is not switched on',
    change: { [`${INSTANCE} settings.database_flags`]: [] },
    foundBy: ['the login of the gateway is one that the instance accepts'],
    says: 'google_sql_database_instance.database_instance: cloudsql.iam_authentication is not on',
  },
  {
    title: 'the service is on the internet',
    change: { [`${SERVICE} ingress`]: 'INGRESS_TRAFFIC_ALL' },
    foundBy: ['everything in front of the service is inside the network'],
    says: 'google_cloud_run_v2_service.service_service: ingress is "INGRESS_TRAFFIC_ALL"',
  },
  {
    title: 'the load balancer is on the internet',
    change: { [`${RULE} load_balancing_scheme`]: 'EXTERNAL_MANAGED' },
    foundBy: ['everything in front of the service is inside the network'],
    says: 'google_compute_forwarding_rule.load-balancer_rule: load_balancing_scheme is "EXTERNAL_MANAGED"',
  },
  {
    title: 'the front door has an address of the internet',
    change: { 'google_compute_address.load-balancer_address address_type': 'EXTERNAL' },
    foundBy: ['no address is of the internet, except those that a NAT sends from'],
    says: 'google_compute_address.load-balancer_address: address_type is EXTERNAL',
  },
  {
    title: 'port 80 is open',
    change: { [`${RULE} port_range`]: '80' },
    foundBy: ['only port 443 is open'],
    says: 'google_compute_forwarding_rule.load-balancer_rule: port_range is 80',
  },
  {
    title: 'a serverless backend has a timeout',
    change: { [`${BACKEND} timeout_sec`]: 3600 },
    foundBy: ['the backend of a serverless group has no argument that Google refuses there'],
    says: 'google_compute_region_backend_service.load-balancer_backend: timeout_sec is set',
  },
  {
    title: 'a serverless backend is balanced by rate',
    change: { [`${BACKEND} backend.0.balancing_mode`]: 'RATE', [`${BACKEND} backend.0.max_rate`]: 100 },
    foundBy: ['the backend of a serverless group has no argument that Google refuses there'],
    says: 'google_compute_region_backend_service.load-balancer_backend: backend.max_rate is set',
  },
  {
    title: 'nothing waits for the subnet of the proxies',
    change: { [`${RULE} depends_on`]: ['google_project_service.project_api-compute'] },
    foundBy: ['a forwarding rule waits for the subnet of the proxies, to which nothing refers'],
    says: 'google_compute_forwarding_rule.load-balancer_rule: it does not wait for google_compute_subnetwork.network_proxy-only',
  },
  {
    title: 'the subnet of the proxies reaches Google’s APIs',
    change: { 'google_compute_subnetwork.network_proxy-only private_ip_google_access': true },
    foundBy: ['the subnet of the proxies is active, and has nothing that Google refuses there'],
    says: 'google_compute_subnetwork.network_proxy-only: private_ip_google_access is set',
  },
  {
    title: 'the kind of balancer of an endpoint is left to the provider',
    change: { 'google_compute_forwarding_rule.database_endpoint load_balancing_scheme': undefined },
    foundBy: [
      'everything in front of the service is inside the network',
      'only port 443 is open',
      'a forwarding rule waits for the subnet of the proxies, to which nothing refers',
      'every forwarding rule and backend says which kind of balancer it is of',
    ],
    says: 'google_compute_forwarding_rule.database_endpoint: load_balancing_scheme is not set',
  },
  {
    title: 'the name of the endpoint of Google’s APIs is too long',
    change: {
      'google_compute_global_forwarding_rule.network_google-apis-rule name': 'gatehouseproductionapis',
    },
    foundBy: ['every name has the form that Google wants'],
    says: 'google_compute_global_forwarding_rule.network_google-apis-rule: name is gatehouseproductionapis',
  },
  {
    title: 'the zone is the whole company’s',
    change: { [`${ZONE} dns_name`]: 'example.com.' },
    foundBy: ['the network has a zone for the host that clients call, and no wider one'],
    says: 'google_dns_managed_zone: no zone is called claude.example.com.',
  },
  {
    title: 'the zone is of another host',
    change: { [`${ZONE} dns_name`]: 'cloud.example.com.' },
    foundBy: ['the network has a zone for the host that clients call, and no wider one'],
    says: 'google_dns_managed_zone: no zone is called claude.example.com.',
  },
  {
    title: 'the sign-in of users is looked up inside',
    change: { 'google_dns_managed_zone.dns_googleapis dns_name': 'accounts.google.com.' },
    foundBy: ['Google’s APIs and run.app are answered inside, the sign-in of users is not'],
    says: 'google_dns_managed_zone: no googleapis.com.',
  },
  {
    title: 'the host also has an address of IPv6',
    change: { 'google_dns_record_set.dns_host-address type': 'AAAA' },
    foundBy: [
      'a record is named as its own zone, or is the wildcard of it, and none is of IPv6',
      'a choice is one of those that Google knows',
    ],
    says: 'google_dns_record_set.dns_host-address: type is AAAA',
  },
  {
    title: 'a record is of another zone than its name',
    change: {
      'google_dns_record_set.dns_host-address managed_zone': '${google_dns_managed_zone.dns_run-app.name}',
    },
    foundBy: ['a record is named as its own zone, or is the wildcard of it, and none is of IPv6'],
    says: 'google_dns_record_set.dns_host-address: name is ${google_dns_managed_zone.dns_host.dns_name}',
  },
  {
    title: 'the certificate is for another host',
    change: {
      'google_certificate_manager_certificate.certificate_certificate managed.domains': ['www.example.com'],
    },
    foundBy: ['a managed certificate is for the host that clients call'],
    says: 'google_certificate_manager_certificate.certificate_certificate: it is for www.example.com',
  },
  {
    title: 'a zone is public',
    change: { [`${ZONE} visibility`]: 'public' },
    foundBy: ['everything in front of the service is inside the network'],
    says: 'google_dns_managed_zone.dns_host: visibility is "public"',
  },
]
