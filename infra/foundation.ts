/** The first phase: all that needs no image, in order of dependency. */
import { awaitApis } from './api-order.ts'
import { BinaryAuthorization } from './binary-authorization.ts'
import { Build } from './build.ts'
import { Certificate } from './certificate.ts'
import { Database } from './database.ts'
import { Directory } from './directory.ts'
import type { EnvironmentStack } from './environment-stack.ts'
import { ephemeralPassword, type Password } from './ephemeral-password.ts'
import { type OwnedConfig, renderGatewayConfig } from './gateway-config.ts'
import { Network } from './network.ts'
import { ownedConfig } from './owned-config.ts'
import { Project } from './project.ts'
import { Registry } from './registry.ts'
import { Secrets } from './secrets.ts'
import type { Settings } from './settings.ts'
import { connectivityOf, featuresOf, networkOf, placeOf, secretsOf } from './stack-props.ts'

/** The organisation's own gateway.yaml. */
export interface OrganisationFile {
  readonly name: string
  readonly text: string
}

/** What later phases build on. */
export interface Foundation {
  readonly project: Project
  readonly network: Network
  /** Null without a group lookup. */
  readonly directory: Directory | null
  /** Null where the name is Google's, and so the certificate. */
  readonly certificate: Certificate | null
  readonly database: Database
  readonly secrets: Secrets
  readonly owned: OwnedConfig
  /** The text of gateway.yaml. */
  readonly config: string
}

/** Adds the first phase to `stack`. */
export function addFoundation(
  stack: EnvironmentStack,
  settings: Settings,
  organisation: OrganisationFile,
): Foundation {
  const place = placeOf(settings)
  const project = new Project(stack, 'project', {
    ...{ ...place, features: featuresOf(settings) },
    vertexRole: settings.vertex.enabled ? settings.vertex.role : 'none',
  })
  const network = new Network(stack, 'network', {
    ...{ ...place, ...networkOf(settings) },
  })
  awaitApis(network, project.enabled('compute'))
  const directory = directoryOf(stack, settings, project)
  const certificate = certificateOf(stack, settings, project)
  addPipeline(stack, settings, project)

  const passwords = passwordsOf(stack, settings)
  const database = databaseOf(stack, settings, { project, network, ...passwords })
  const owned = ownedConfig(settings, { database, directoryEmail: project.emailOf('directory') })
  const config = renderGatewayConfig(organisation.name, organisation.text, owned)
  const secrets = new Secrets(stack, 'secrets', {
    ...{ ...place, ...secretsOf(settings, project), config },
    ...{ databaseBootstrap: passwords.bootstrap, databasePassword: passwords.login },
    ...{ runtime: project.runtimeAccount, bootstrap: project.bootstrapAccount },
  })
  return { project, network, directory, certificate, database, secrets, owned, config }
}

function directoryOf(stack: EnvironmentStack, settings: Settings, project: Project): Directory | null {
  const { mode, lookup } = settings.directory
  if (mode === 'none') return null
  return new Directory(stack, 'directory', {
    ...{ ...placeOf(settings), mode, lookup, runtime: project.runtimeAccount, iam: project.enabled('iam') },
  })
}

/** In this phase, because it waits for a record that a person publishes. */
function certificateOf(stack: EnvironmentStack, settings: Settings, project: Project): Certificate | null {
  const { topology, host, certificate: source } = settings.frontend
  if (topology === 'run-app' || host === undefined) return null
  const certificate = new Certificate(stack, 'certificate', { ...placeOf(settings), host, source })
  awaitApis(certificate, project.enabled('certificatemanager'))
  return certificate
}

function addPipeline(stack: EnvironmentStack, settings: Settings, project: Project): void {
  const { build, env, stateBucket, statePrefix } = settings
  const { repository, branch } = build
  const accounts = { buildAccount: project.buildAccount.email, deployAccount: project.emailOf('deploy') }
  const registry = new Registry(stack, 'registry', {
    ...{ ...placeOf(settings), ...accounts, artifactregistry: project.enabled('artifactregistry') },
  })
  const attestation = attestationOf(stack, settings, project)
  if (!build.enabled || repository === undefined) return
  new Build(stack, 'build', {
    ...{ ...placeOf(settings), ...accounts, env, repository, branch, stateBucket, statePrefix },
    ...{ image: registry.image, ingredients: registry.ingredients, ...(attestation && { attestation }) },
    cloudbuild: project.enabled('cloudbuild'),
  })
}

function attestationOf(
  stack: EnvironmentStack,
  settings: Settings,
  project: Project,
): BinaryAuthorization | null {
  const { binaryAuthorization: mode } = settings.build
  if (mode === 'off') return null
  const apis = (['binaryauthorization', 'containeranalysis', 'cloudkms'] as const).map(api =>
    project.enabled(api),
  )
  const signer = project.emailOf('deploy')
  return new BinaryAuthorization(stack, 'attestation', { ...placeOf(settings), mode, signer, apis })
}

function passwordsOf(
  stack: EnvironmentStack,
  { database: { login, passwordGeneration: generation } }: Settings,
): { bootstrap: Password; login: Password | undefined } {
  const bootstrap = ephemeralPassword(stack, 'db_bootstrap', generation)
  return {
    bootstrap,
    login: login === 'password' ? ephemeralPassword(stack, 'db_password', generation) : undefined,
  }
}

interface DatabaseParts {
  readonly project: Project
  readonly network: Network
  readonly bootstrap: Password
  readonly login: Password | undefined
}

function databaseOf(stack: EnvironmentStack, settings: Settings, parts: DatabaseParts): Database {
  const { project, network, bootstrap, login } = parts
  const { database, deletionProtection, phase } = settings
  const made = new Database(stack, 'database', {
    ...{ ...placeOf(settings), ...database, network: network.networkId, deletionProtection },
    connectivity: connectivityOf(settings, network),
    login: login === undefined ? { kind: 'iam' } : { kind: 'password', password: login },
    bootstrap: { account: project.bootstrapAccount, password: bootstrap },
    ...{ runtime: project.runtimeAccount, hasIamUser: phase !== 'foundation' },
  })
  const apis = database.connectivity === 'psc' ? (['dns'] as const) : (['servicenetworking'] as const)
  awaitApis(made, ...(['sqladmin', 'compute', ...apis] as const).map(api => project.enabled(api)))
  return made
}
