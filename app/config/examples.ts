/** A line to write for every required key, by path; `*` stands for any index. Secrets are shown as references. */
const EXAMPLES: Readonly<Record<string, string>> = {
  listen: 'listen: { host: 0.0.0.0, port: 8080, public_url: "https://claude.example.com" }',
  'listen.public_url': 'public_url: https://claude.example.com',
  'listen.tls.cert': 'cert: /etc/gateway/tls.crt',
  'listen.tls.key': 'key: /etc/gateway/tls.key',
  oidc: 'oidc: { issuer: "https://idp.example.com", client_id: claude, client_secret: "${OIDC_CLIENT_SECRET}" }',
  'oidc.issuer': 'issuer: https://idp.example.com',
  'oidc.client_id': 'client_id: claude',
  'oidc.client_secret': 'client_secret: ${OIDC_CLIENT_SECRET}',
  'oidc.client_assertion':
    'client_assertion: { private_key_pem: "${file:/run/secrets/idp.key}", certificate_pem: "${file:/run/secrets/idp.crt}" }',
  'oidc.client_assertion.private_key_pem': 'private_key_pem: ${file:/run/secrets/idp.key}',
  'oidc.client_assertion.certificate_pem': 'certificate_pem: ${file:/run/secrets/idp.crt}',
  'oidc.google_groups.service_account_json_path': 'service_account_json_path: /etc/gateway/groups.json',
  'oidc.google_groups.admin_email': 'admin_email: admin@example.com',
  session: 'session: { jwt_secret: "${GATEWAY_JWT_SECRET}" }',
  'session.jwt_secret': 'jwt_secret: ${GATEWAY_JWT_SECRET}',
  store: 'store: { postgres_url: "${DATABASE_URL}" }',
  'store.postgres_url': 'postgres_url: ${DATABASE_URL}',
  upstreams: 'upstreams: [{ provider: anthropic, auth: { api_key: "${ANTHROPIC_API_KEY}" } }]',
  'upstreams.*.provider': 'provider: anthropic',
  'upstreams.*.auth': 'auth: { api_key: "${ANTHROPIC_API_KEY}" }',
  'upstreams.*.region': 'region: us-east-1',
  'upstreams.*.models': 'models: [claude-opus-4-8]',
  'upstreams.*.workspace_id': 'workspace_id: wrkspc_01example',
  'upstreams.*.project_id': 'project_id: my-project',
  'upstreams.*.resource': 'resource: my-resource',
  'upstreams.*.guardrail.id': 'id: gr1abcdef',
  'upstreams.*.guardrail.version': 'version: "1"',
  'upstreams.*.assume_role.role_arn': 'role_arn: arn:aws:iam::123456789012:role/claude',
  'models.*.id': 'id: claude-opus-4-8',
  'admin.write_keys.*.id': 'id: terraform',
  'admin.write_keys.*.key': 'key: ${ADMIN_KEY}',
  'admin.read_keys.*.id': 'id: reporting',
  'admin.read_keys.*.key': 'key: ${READ_KEY}',
  'spend_limits.*.amount': 'amount: 500',
  'pricing.overrides.*.upstream': 'upstream: anthropic',
  'pricing.overrides.*.model': 'model: claude-opus-4-8',
  'pricing.overrides.*.input': 'input: 5',
  'pricing.overrides.*.output': 'output: 25',
  'pricing.overrides.*.cache_read': 'cache_read: 0.5',
  'pricing.overrides.*.cache_write': 'cache_write: 6.25',
  'managed.policies': 'policies: [{ match: {}, code: {} }]',
  'managed.policies.*.match': 'match: {}',
  'telemetry.forward_to.*.url': 'url: https://otel.example.com:4318',
  'telemetry.forward_to.*.auth.google': 'google: {}',
  'gatehouse.observability.prometheus.bearer': 'bearer: ${METRICS_TOKEN}',
  'gatehouse.observability.otlp.url': 'url: https://otel.example.com:4318',
  'gatehouse.observability.otlp.auth.google': 'google: {}',
  'gatehouse.spend.alert_webhook.url': 'url: ${ALERT_URL}',
  'gatehouse.spend.alert_webhook.secret': 'secret: ${ALERT_SECRET}',
  'load_test_mode.enabled': 'enabled: true',
  'cri.enabled': 'enabled: false',
  'gatehouse.google_groups.mode': 'mode: service_account_role',
  'gatehouse.google_groups.admin_email': 'admin_email: admin@example.com',
  'gatehouse.google_groups.key_path': 'key_path: /etc/gateway/groups.json',
  'gatehouse.cloud_sql.instance_connection_name':
    'instance_connection_name: my-project:europe-west1:gatehouse',
}

/** The credentials that a cloud's upstream has most often: where the gateway runs, there are some. */
const AUTH_EXAMPLES: Readonly<Record<string, string>> = {
  bedrock: 'auth: {}',
  anthropicAws: 'auth: {}',
  vertex: 'auth: {}',
  foundry: 'auth: { use_azure_ad: true }',
}

/** The line to write for a missing key, if there is one for it; of an upstream, for its `provider`. */
export function exampleFor(path: readonly (string | number)[], provider?: string): string | undefined {
  const key = path.map(part => (typeof part === 'number' ? '*' : part)).join('.')
  if (key === 'upstreams.*.auth' && provider !== undefined && Object.hasOwn(AUTH_EXAMPLES, provider))
    return AUTH_EXAMPLES[provider]
  return Object.hasOwn(EXAMPLES, key) ? EXAMPLES[key] : undefined
}
