// Where the container finds its files: one folder for each secret, because a mount hides what the image has there (G-29).

/** A file in a folder of its own. */
export interface SecretPath {
  readonly folder: string
  readonly file: string
}

export const CONFIG_PATH: SecretPath = { folder: '/etc/claude', file: 'gateway.yaml' }
export const OIDC_CLIENT_SECRET_PATH = named('oidc-client-secret')
export const DB_PASSWORD_PATH = named('db-password')
export const DB_BOOTSTRAP_PATH = named('db-bootstrap')

/** A generation of the secret that signs sessions; all generations share a folder. */
export function jwtPath(generation: number): SecretPath {
  return { folder: '/secrets/jwt', file: `g${generation}` }
}

/** A secret of the organisation's own. */
export function named(name: string): SecretPath {
  return { folder: `/secrets/${name}`, file: 'value' }
}

/** The absolute path. */
export function pathOf({ folder, file }: SecretPath): string {
  return `${folder}/${file}`
}
