import { createHash } from 'node:crypto'
import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import type { SecretMount } from './container.ts'
import { ephemeralPassword, type Password } from './ephemeral-password.ts'
import {
  PubsubTopic,
  PubsubTopicIamMember,
  SecretManagerSecret,
  SecretManagerSecretIamMember,
  SecretManagerSecretVersion,
} from './google.ts'
import type { Account } from './project.ts'
import {
  CONFIG_PATH,
  DB_BOOTSTRAP_PATH,
  DB_PASSWORD_PATH,
  jwtPath,
  named,
  OIDC_CLIENT_SECRET_PATH,
  type SecretPath,
} from './secret-paths.ts'

export interface SecretsProps {
  readonly project: string
  readonly projectNumber: string
  /** Prefix of all names. */
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** The text of gateway.yaml; it refers to the other secrets by their paths and holds none. */
  readonly config: string
  /** Generations of the secret that signs sessions, newest first. */
  readonly jwtGenerations: readonly number[]
  /** The number of the version that the operator added. */
  readonly oidcClientSecretVersion: number
  /** The organisation's own secrets, by name, with the number of the version that the operator added. */
  readonly extra?: Readonly<Record<string, { readonly version: number }>>
  readonly databaseBootstrap: Password
  /** Only where the gateway logs in with a password. */
  readonly databasePassword?: Password | undefined
  readonly runtime: Account
  readonly bootstrap: Account
  /** Default `auto`; else the regions that hold copies. */
  readonly replication?: 'auto' | readonly string[]
  /** Remind of rotation this often, on a topic. Default never. */
  readonly rotation?: { readonly days: number; readonly pubsub: ITerraformDependable } | undefined
  /** Default true. */
  readonly deletionProtection?: boolean
  /** The switch of the Secret Manager API. */
  readonly secretmanager: ITerraformDependable
}

/** A secret whose values people add. */
export interface ManualSecret {
  readonly secretId: string
  /** The version that the stack mounts: the operator adds values until this number exists. */
  readonly version: number
}

const SECONDS_A_DAY = 86_400

/**
 * Secret Manager: shells, who may read them, and values that no plan, state or output holds.
 *
 * A version that is replaced is left as it was: an older revision must still start.
 */
export class Secrets extends Construct {
  /** The files of the gateway and of the doctor. */
  readonly mounts: readonly SecretMount[]
  /** The only file of the bootstrap job. */
  readonly bootstrapMount: SecretMount
  /** What the operator has to fill. */
  readonly manual: readonly ManualSecret[]
  /** Who mounts a secret waits for the right to read it. */
  readonly grants: readonly ITerraformDependable[]
  readonly bootstrapGrants: readonly ITerraformDependable[]
  readonly #props: SecretsProps
  readonly #topic: PubsubTopicIamMember | undefined

  constructor(scope: Construct, id: string, props: SecretsProps) {
    super(scope, id)
    this.#props = props
    const grants: ITerraformDependable[] = []
    const shared = (name: string, isManual = false) => {
      const secret = this.#shell(name, isManual)
      grants.push(this.#reader(name, secret, props.runtime))
      return secret
    }
    this.#topic = this.#rotationTopic()

    const config = shared('config')
    const jwt = shared('jwt')
    const oidc = shared('oidc-client-secret', true)
    const bootstrap = this.#shell('db-bootstrap')
    const extra = Object.entries(props.extra ?? {}).map(([name, { version }]) => ({
      ...{ name, version, secret: shared(name, true) },
    }))
    const generated = props.jwtGenerations.map(generation => {
      const { value } = ephemeralPassword(this, 'jwt', generation)
      const version = this.#version(`jwt-g${generation}`, jwt, { value, generation })
      return mount('jwt', jwt, version, jwtPath(generation))
    })
    this.mounts = [
      mount('config', config, this.#configVersion(config), CONFIG_PATH),
      ...generated,
      mount('oidc-client-secret', oidc, String(props.oidcClientSecretVersion), OIDC_CLIENT_SECRET_PATH),
      ...this.#passwordMount(shared),
      ...extra.map(({ name, secret, version }) => mount(name, secret, String(version), named(name))),
    ]
    this.bootstrapMount = mount(
      'db-bootstrap',
      bootstrap,
      this.#version('db-bootstrap-value', bootstrap, props.databaseBootstrap),
      DB_BOOTSTRAP_PATH,
    )
    this.manual = [
      { secretId: oidc.secretId, version: props.oidcClientSecretVersion },
      ...extra.map(({ secret, version }) => ({ secretId: secret.secretId, version })),
    ]
    this.grants = grants
    this.bootstrapGrants = [this.#reader('db-bootstrap', bootstrap, props.bootstrap)]
  }

  #passwordMount(shared: (name: string) => SecretManagerSecret): SecretMount[] {
    const { databasePassword } = this.#props
    if (databasePassword === undefined) return []
    const secret = shared('db-password')
    const version = this.#version('db-password-value', secret, databasePassword)
    return [mount('db-password', secret, version, DB_PASSWORD_PATH)]
  }

  #shell(name: string, isManual = false): SecretManagerSecret {
    const { project, labels, replication = 'auto', deletionProtection = true, rotation } = this.#props
    const isReminded = isManual && rotation !== undefined && this.#topic !== undefined
    return new SecretManagerSecret(this, name, {
      ...{ project, secretId: `${this.#props.name}-${name}`, labels: { ...labels }, deletionProtection },
      replication: replicationOf(replication),
      ...(isReminded
        ? this.#reminder(this.#topic, rotation.days)
        : { dependsOn: [this.#props.secretmanager] }),
    })
  }

  /** The first date is the plan's own, and later plans leave it alone: synth knows no clock. */
  #reminder(topic: PubsubTopicIamMember, days: number) {
    return {
      topics: [{ name: topic.topic }],
      rotation: {
        rotationPeriod: `${days * SECONDS_A_DAY}s`,
        nextRotationTime: `\${timeadd(plantimestamp(), "${days * 24}h")}`,
      },
      lifecycle: { ignoreChanges: ['rotation[0].next_rotation_time'] },
      dependsOn: [this.#props.secretmanager, topic],
    }
  }

  #rotationTopic(): PubsubTopicIamMember | undefined {
    const { project, projectNumber, name, labels, rotation } = this.#props
    if (rotation === undefined) return undefined
    const topic = new PubsubTopic(this, 'rotation', {
      ...{ project, name: `${name}-secret-rotation`, labels: { ...labels }, dependsOn: [rotation.pubsub] },
    })
    return new PubsubTopicIamMember(this, 'rotation-publisher', {
      ...{ project, topic: topic.id, role: 'roles/pubsub.publisher' },
      member: `serviceAccount:service-${projectNumber}@gcp-sa-secretmanager.iam.gserviceaccount.com`,
      dependsOn: [this.#props.secretmanager], // Google makes that account with the API
    })
  }

  /** On the one secret, never on the project (G-14). */
  #reader(name: string, secret: SecretManagerSecret, { member }: Account): SecretManagerSecretIamMember {
    return new SecretManagerSecretIamMember(this, `${name}-reader`, {
      ...{ project: this.#props.project, secretId: secret.secretId, member },
      role: 'roles/secretmanager.secretAccessor',
    })
  }

  #configVersion(secret: SecretManagerSecret): string {
    const { config } = this.#props
    // The first seven hex digits fit 31 bits: new text, new number, new version, new revision.
    const number = Number.parseInt(createHash('sha256').update(config).digest('hex').slice(0, 7), 16)
    return this.#version('config-text', secret, { value: literal(config), generation: number })
  }

  #version(id: string, secret: SecretManagerSecret, { value, generation }: Password): string {
    return new SecretManagerSecretVersion(this, id, {
      ...{ secret: secret.id, secretDataWo: value, secretDataWoVersion: generation },
      ...{ deletionPolicy: 'ABANDON', lifecycle: { createBeforeDestroy: true } },
    }).version
  }
}

function mount(name: string, secret: SecretManagerSecret, version: string, path: SecretPath): SecretMount {
  return { name, secret: secret.secretId, version, ...path }
}

function replicationOf(replication: 'auto' | readonly string[]) {
  if (replication === 'auto') return { auto: {} }
  return { userManaged: { replicas: replication.map(location => ({ location })) } }
}

/** Text that Terraform must not read as a template: `${file:…}` is for the gateway. */
function literal(text: string): string {
  return text.replaceAll(/[$%]\{/g, opening => `${opening.charAt(0)}${opening}`)
}
