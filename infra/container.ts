// What the service and its jobs have in common: the same image in the same network, with secrets as files.
import type { SecretPath } from './secret-paths.ts'

/** One pinned version of one secret, as a file in a folder of this secret alone (G-29). */
export interface SecretMount extends SecretPath {
  /** The volume's name: lower case, digits and hyphens. Versions of one secret share it, and the folder. */
  readonly name: string
  /** The secret's id. */
  readonly secret: string
  /** A number, or a reference to one; never `latest`, which a warm instance would read otherwise than a new one (G-30). */
  readonly version: string
}

/** Where a container stands and what it runs. */
export interface ContainerProps {
  readonly project: string
  readonly region: string
  readonly labels?: Readonly<Record<string, string>>
  /** By digest. */
  readonly image: string
  /** Email of the account it runs as. */
  readonly serviceAccount: string
  readonly network: string
  /** Id of the egress subnet, which holds nothing else (G-16). */
  readonly subnetwork: string
  readonly egress: 'PRIVATE_RANGES_ONLY' | 'ALL_TRAFFIC'
  readonly mounts: readonly SecretMount[]
  /** CPUs, such as `1`. */
  readonly cpu: string
  /** Such as `1Gi`. */
  readonly memory: string
  /** `CLAUDE_GATEWAY_LOG_LEVEL`. Default `info`. */
  readonly logLevel?: 'error' | 'warn' | 'info' | 'debug'
  /** Admit only attested images (G-52). Default false. */
  readonly binaryAuthorization?: boolean
}

/** The window of a drain: Cloud Run kills ten seconds after SIGTERM (G-39). */
const DRAIN_MS = 8000

// The image's user is nobody in particular: everybody may read. 0444 as the provider wants it, in decimal.
const READABLE_BY_ALL = 0o444

export function vpcAccess({ egress, network, subnetwork }: ContainerProps) {
  return { egress, networkInterfaces: [{ network, subnetwork }] }
}

/** One volume for each secret, with one file for each of its versions. */
export function volumes({ mounts }: ContainerProps) {
  return [...byVolume(mounts)].map(([name, files]) => ({
    name,
    secret: {
      secret: files[0]!.secret, // a group holds what it was made for
      items: files.map(({ file, version }) => ({ path: file, version, mode: READABLE_BY_ALL })),
    },
  }))
}

export function volumeMounts({ mounts }: ContainerProps) {
  return [...byVolume(mounts)].map(([name, files]) => ({ name, mountPath: files[0]!.folder })) // as above
}

function byVolume(mounts: readonly SecretMount[]): Map<string, SecretMount[]> {
  return Map.groupBy(mounts, ({ name }) => name)
}

/** No secret is among them: variables are inherited, and shown by whoever lists processes (G-29). */
export function environment({ project, logLevel = 'info' }: Pick<ContainerProps, 'project' | 'logLevel'>) {
  return [
    { name: 'NODE_ENV', value: 'production' },
    { name: 'CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS', value: String(DRAIN_MS) },
    { name: 'CLAUDE_GATEWAY_LOG_LEVEL', value: logLevel },
    { name: 'GOOGLE_CLOUD_PROJECT', value: project },
  ]
}

/** The project's policy decides which images start. */
export function binaryAuthorization({ binaryAuthorization: isAsked = false }: ContainerProps) {
  return isAsked ? { binaryAuthorization: { useDefault: true } } : {}
}
