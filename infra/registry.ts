import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import { ArtifactRegistryRepository, ArtifactRegistryRepositoryIamMember } from './google.ts'

export interface RegistryProps {
  readonly project: string
  readonly region: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** Email of the account that builds and pushes. */
  readonly buildAccount: string
  /** The switch of the Artifact Registry API. */
  readonly artifactregistry: ITerraformDependable
}

const THIRTY_DAYS = `${30 * 86_400}s`

/** Where images are kept, and beside them their lists of ingredients. A tag never moves to another image (G-48). */
export class Registry extends Construct {
  /** `<region>-docker.pkg.dev/<project>/<repository>/gatehouse`, without tag. */
  readonly image: string
  /** `projects/…/repositories/…` of the repository for lists of ingredients. */
  readonly ingredients: string

  readonly #props: RegistryProps

  constructor(scope: Construct, id: string, props: RegistryProps) {
    super(scope, id)
    this.#props = props

    const images = this.#repository('images', {
      ...{ repositoryId: props.name, format: 'DOCKER', description: 'images of the gateway' },
      dockerConfig: { immutableTags: true },
      // Acts only where scanning, which is paid, was switched on for the project.
      vulnerabilityScanningConfig: { enablementConfig: 'INHERITED' },
      // Whatever is kept by one rule is not deleted by another: an image in use has a tag, or is recent.
      cleanupPolicies: [
        { id: 'keep-recent', action: 'KEEP', mostRecentVersions: { keepCount: 10 } },
        { id: 'keep-releases', action: 'KEEP', condition: { tagState: 'TAGGED', tagPrefixes: ['v'] } },
        {
          ...{ id: 'delete-untagged', action: 'DELETE' },
          condition: { tagState: 'UNTAGGED', olderThan: THIRTY_DAYS },
        },
      ],
    })
    const lists = this.#repository('ingredients', {
      ...{ repositoryId: `${props.name}-sbom`, format: 'GENERIC' },
      description: 'what is in each image (CycloneDX)',
    })

    this.image = `${props.region}-docker.pkg.dev/${props.project}/${images.repositoryId}/gatehouse`
    this.ingredients = lists.id
  }

  #repository(
    id: string,
    settings: Omit<ConstructorParameters<typeof ArtifactRegistryRepository>[2], 'project' | 'location'>,
  ): ArtifactRegistryRepository {
    const { project, region, labels, buildAccount, artifactregistry } = this.#props
    const repository = new ArtifactRegistryRepository(this, id, {
      ...{ project, location: region, labels: { ...labels }, dependsOn: [artifactregistry] },
      ...settings,
    })
    new ArtifactRegistryRepositoryIamMember(this, `${id}-writer`, {
      ...{ project, location: region, repository: repository.name },
      ...{ role: 'roles/artifactregistry.writer', member: `serviceAccount:${buildAccount}` },
    })
    return repository
  }
}
