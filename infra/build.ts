import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import { CloudbuildTrigger } from './google.ts'

export interface BuildProps {
  readonly project: string
  readonly region: string
  /** The environment that the deploy triggers plan and apply. */
  readonly env: string
  /** Prefix of all names, and the name of the service. */
  readonly name: string
  /** Id of a connected repository of the second generation. */
  readonly repository: string
  /** Which pushes build: a regular expression of branch names. */
  readonly branch: string
  /** Emails of the account that builds, and of the one that bootstrap.sh made to deploy. */
  readonly buildAccount: string
  readonly deployAccount: string
  /** Where the image goes, without tag. */
  readonly image: string
  /** `projects/…/repositories/…` for lists of ingredients. */
  readonly ingredients: string
  readonly stateBucket: string
  readonly statePrefix: string
  /** Sign what is planned with this key, for this attestor. Default: sign nothing. */
  readonly attestation?: { readonly attestor: string; readonly keyVersion: string }
  /** The switch of the Cloud Build API. */
  readonly cloudbuild: ITerraformDependable
}

/** A push builds; a tag plans, and waits for somebody to approve what was planned (G-49, G-50). */
export class Build extends Construct {
  /** Names of the triggers, in the order of a release. */
  readonly triggers: { readonly build: string; readonly plan: string; readonly apply: string }

  readonly #props: BuildProps

  constructor(scope: Construct, id: string, props: BuildProps) {
    super(scope, id)
    this.#props = props

    const build = this.#trigger('build', {
      ...{ description: 'test, build and push the image', filename: 'cloudbuild.yaml' },
      ...{ account: props.buildAccount, push: { branch: props.branch }, includedFiles: BUILT_FROM },
      substitutions: { _IMAGE: props.image, _INGREDIENTS: props.ingredients },
    })
    const plan = this.#deploy('plan')
    const apply = this.#deploy('apply')

    this.triggers = { build: build.name, plan: plan.name, apply: apply.name }
  }

  // Cloud Build looks at no list of files when a tag is pushed.
  #deploy(mode: 'plan' | 'apply'): CloudbuildTrigger {
    const { env, name, region, image, deployAccount, stateBucket, statePrefix, attestation } = this.#props
    return this.#trigger(mode, {
      description: mode === 'plan' ? 'plan a release' : 'apply the plan, once somebody approved it',
      ...{ filename: 'infra/cloudbuild.deploy.yaml', account: deployAccount, push: { tag: '^v' } },
      substitutions: {
        ...{ _MODE: mode, _ENV: env, _NAME: name, _REGION: region, _IMAGE: image },
        _PLANS: `gs://${stateBucket}/${statePrefix}/plans`,
        ...(attestation && { _ATTESTOR: attestation.attestor, _KEY_VERSION: attestation.keyVersion }),
      },
      ...(mode === 'apply' && { approvalConfig: { approvalRequired: true } }),
    })
  }

  #trigger(id: string, { account, push, ...settings }: TriggerSettings): CloudbuildTrigger {
    const { project, region, name, repository, cloudbuild } = this.#props
    return new CloudbuildTrigger(this, id, {
      ...{ project, location: region, name: `${name}-${id}`, ...settings },
      serviceAccount: `projects/${project}/serviceAccounts/${account}`,
      repositoryEventConfig: { repository, push },
      dependsOn: [cloudbuild],
    })
  }
}

interface TriggerSettings {
  readonly description: string
  readonly filename: string
  readonly account: string
  readonly push: { readonly branch: string } | { readonly tag: string }
  readonly substitutions: Record<string, string>
  readonly includedFiles?: string[]
  readonly approvalConfig?: { readonly approvalRequired: boolean }
}

/** A change elsewhere changes no image and no stack. */
const BUILT_FROM = [
  ...['app/**', 'infra/**', 'test/**', 'tools/**', 'docs/**', 'Dockerfile', 'cloudbuild.yaml'],
  ...['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json'],
]
