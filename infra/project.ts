import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import { type Api, apisOf, type Feature } from './apis.ts'
import { ProjectIamCustomRole, ProjectIamMember, ProjectService, ServiceAccount } from './google.ts'

export interface ProjectProps {
  readonly project: string
  /** Prefix of all names. */
  readonly name: string
  readonly features: readonly Feature[]
  /** The right to call models: `minimal` may predict and nothing else, `user` is Google's role. Default `minimal`. */
  readonly vertexRole?: 'none' | 'minimal' | 'user'
}

/** A service account, by both of its names. */
export interface Account {
  readonly email: string
  /** `serviceAccount:<email>`, as grants want it. */
  readonly member: string
}

/** The APIs that are on, the accounts that things run as, and the right to call models. */
export class Project extends Construct {
  /** What the gateway and the doctor run as; other constructs grant it what they protect (G-14). */
  readonly runtimeAccount: Account
  /** What the bootstrap job runs as: the database's client and reader of one secret. */
  readonly bootstrapAccount: Account
  /** What builds and pushes images. */
  readonly buildAccount: Account
  /** What may start the doctor job, and nothing else. */
  readonly probeAccount: Account
  readonly #services = new Map<string, ProjectService>()
  readonly #props: ProjectProps

  constructor(scope: Construct, id: string, props: ProjectProps) {
    super(scope, id)
    this.#props = props
    for (const api of apisOf(props.features)) {
      const service = new ProjectService(this, `api-${api}`, {
        ...{ project: props.project, service: `${api}.googleapis.com` },
        disableOnDestroy: false, // others in the project may use it
      })
      this.#services.set(api, service)
    }
    this.runtimeAccount = this.#account('run', 'runs the gateway')
    this.bootstrapAccount = this.#account('bootstrap', 'gives the runtime account its database grants')
    this.probeAccount = this.#account('probe', 'starts the doctor job')
    this.buildAccount = this.#account('build', 'builds, tests and pushes images')
    this.#grantLogs()
    this.#grantModels()
  }

  /** The switch of an API: what uses the API first depends on it (G-9). */
  enabled(api: Api): ITerraformDependable {
    const service = this.#services.get(api)
    if (service === undefined) throw new Error(`no feature of this environment enables ${api}`)
    return service
  }

  /** The email of the account `<name>-<role>`: for texts that are written before Google answers. */
  emailOf(role: string): string {
    return `${this.#props.name}-${role}@${this.#props.project}.iam.gserviceaccount.com`
  }

  #account(role: string, purpose: string): Account {
    const { project, name } = this.#props
    const { email, member } = new ServiceAccount(this, `account-${role}`, {
      ...{ project, accountId: `${name}-${role}`, displayName: `${name}-${role}`, description: purpose },
      dependsOn: [this.enabled('iam')],
    })
    return { email, member }
  }

  /** A build with an account of its own may not even write its log without this (G-13). */
  #grantLogs(): void {
    const role = 'roles/logging.logWriter'
    new ProjectIamMember(this, 'build-logs', {
      project: this.#props.project,
      role,
      member: this.buildAccount.member,
    })
  }

  #grantModels(): void {
    const { project, name, vertexRole = 'minimal' } = this.#props
    if (vertexRole === 'none') return
    const role = vertexRole === 'user' ? 'roles/aiplatform.user' : this.#predictor(project, name).name
    new ProjectIamMember(this, 'models', { project, role, member: this.runtimeAccount.member })
  }

  #predictor(project: string, name: string): ProjectIamCustomRole {
    return new ProjectIamCustomRole(this, 'predictor', {
      ...{ project, roleId: `${name.replaceAll('-', '_')}_predictor`, title: `${name} predictor` },
      description: 'may send requests to models, and nothing else',
      permissions: ['aiplatform.endpoints.predict'],
      dependsOn: [this.enabled('iam')],
    })
  }
}
