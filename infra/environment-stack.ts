import { GcsBackend, TerraformElement, TerraformStack } from 'cdktf'
import type { Construct, Node } from 'constructs'
import { GoogleProvider } from './google.ts'
import type { Settings } from './settings.ts'

/** An empty stack of one environment: where its state is, which providers it takes, what its parts are called. */
export class EnvironmentStack extends TerraformStack {
  readonly #ids = new Map<string, string>()

  constructor(scope: Construct, settings: Settings) {
    super(scope, settings.env)
    const { project, region, stateBucket, statePrefix, googleProvider, budget } = settings
    new GcsBackend(this, { bucket: stateBucket, prefix: statePrefix })
    new GoogleProvider(this, 'google', {
      ...{ project, region },
      // The budgets API takes the project that its quota is counted on from a header.
      ...(budget && { billingProject: project, userProjectOverride: true }),
    })
    this.addOverride('terraform.required_version', '>= 1.11.0') // the first with write-only arguments
    this.addOverride('terraform.required_providers.google', {
      source: 'hashicorp/google',
      version: googleProvider,
    })
    this.addOverride('terraform.required_providers.random', { source: 'hashicorp/random', version: '~> 3.7' })
  }

  /** Such as `database_iam-user`: the construct's path, without the hash that cdktf appends. */
  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const { scopes } = TerraformElement.isTerraformElement(element) ? element.node : (element as Node) // the other half of the union
    const path = scopes.slice(scopes.indexOf(this) + 1).map(({ node }) => node.id)
    const id = path.map(part => (path.length === 1 ? part : part.replaceAll(/[^A-Za-z0-9-]/g, '-'))).join('_')
    const taken = this.#ids.get(id) ?? path.join('/')
    if (taken !== path.join('/')) throw new Error(`${taken} and ${path.join('/')} would both be called ${id}`)
    this.#ids.set(id, taken)
    return id
  }
}
