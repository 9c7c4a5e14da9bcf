/** The configuration that development mode writes for itself, and the variables that its text names. */
export interface GeneratedConfig {
  readonly text: string
  readonly variables: Readonly<Record<string, string>>
}

/** Keys of the Admin API. */
export interface AdminKeys {
  readonly write: string
  readonly read: string
}

export interface Surroundings {
  readonly port: number
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly jwtSecret: string
  readonly adminKeys: AdminKeys
  readonly postgresUrl: string
  /** Null: the Anthropic API, with the key of the environment. */
  readonly modelUrl: string | null
}

/** Writes a gateway.yaml as an operator should: secrets by name, and on loopback only. */
export function generateConfig(around: Surroundings): GeneratedConfig {
  const document = {
    listen: { host: '127.0.0.1', port: around.port },
    oidc: {
      issuer: around.issuer,
      client_id: around.clientId,
      client_secret: '${DEVELOPMENT_CLIENT_SECRET}',
      allowed_email_domains: ['example.com'],
      scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    },
    session: { jwt_secret: '${DEVELOPMENT_JWT_SECRET}' },
    store: { postgres_url: around.postgresUrl },
    upstreams: [upstream(around.modelUrl)],
    admin: {
      write_keys: [{ id: 'development-write', key: '${DEVELOPMENT_WRITE_KEY}' }],
      read_keys: [{ id: 'development-read', key: '${DEVELOPMENT_READ_KEY}' }],
      admin_groups: ['gateway-admins'],
    },
  }
  return {
    text: JSON.stringify(document, null, 2), // JSON is YAML, and its strings need no second thought
    variables: {
      DEVELOPMENT_CLIENT_SECRET: around.clientSecret,
      DEVELOPMENT_JWT_SECRET: around.jwtSecret,
      DEVELOPMENT_WRITE_KEY: around.adminKeys.write,
      DEVELOPMENT_READ_KEY: around.adminKeys.read,
      DEVELOPMENT_MODEL_KEY: 'the stand-in asks for none',
    },
  }
}

function upstream(modelUrl: string | null): object {
  if (modelUrl === null) return { provider: 'anthropic', auth: { api_key: '${ANTHROPIC_API_KEY}' } }
  return {
    provider: 'anthropic',
    name: 'stand-in',
    base_url: modelUrl,
    auth: { api_key: '${DEVELOPMENT_MODEL_KEY}' },
  }
}
