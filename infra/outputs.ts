// What a person does next, as Terraform prints it: a value, then what to do with it; nothing secret (G-11, 8.13).
import { TerraformOutput, type TerraformStack } from 'cdktf'
import type { ManualSecret } from './secrets.ts'

export interface OutputFacts {
  readonly project: string
  readonly projectNumber: string
  readonly region: string
  /** Prefix of all names. */
  readonly name: string
  readonly publicUrl: string
  readonly issuer: string
  readonly manualSecrets: readonly ManualSecret[]
  /** The record that a managed certificate waits for. Default none. */
  readonly certificateRecord?: { readonly name: string; readonly type: string; readonly data: string } | null
  /** What a Workspace super admin does. Default nothing. */
  readonly directorySetup?: string | undefined
  /** How resolvers outside the network learn the private names; absent before there are any. */
  readonly resolverInstructions?: string | undefined
  /** The subnet of a Shared VPC, which Cloud Run's agent must be let into. */
  readonly sharedSubnet?: string | undefined
  /** Absent without a Vertex upstream. */
  readonly vertexLocation?: string | undefined
  /** Clients have to be told of a CA of the company's own. Default false. */
  readonly isPrivateCa?: boolean
}

/** Adds every output; one that an environment has no use for says so. */
export function addOutputs(stack: TerraformStack, facts: OutputFacts): void {
  for (const [name, lines] of Object.entries(outputsOf(facts))) {
    new TerraformOutput(stack, name, { value: lines.join('\n') })
  }
}

const NOTHING = ['Nothing to do.']

function outputsOf(facts: OutputFacts): Record<string, string[]> {
  const { project, region, name, publicUrl } = facts
  const run = (job: string) =>
    `gcloud run jobs execute ${name}-${job} --project=${project} --region=${region} --wait`
  return {
    public_url: [publicUrl, 'Next: push client_settings to the machines, then run smoke_test.'],
    redirect_uri: [
      `${publicUrl}/oauth/callback`,
      `Next: register it for the OAuth client at ${facts.issuer}.`,
    ],
    certificate_dns_record: certificate(facts),
    directory_setup: facts.directorySetup?.split('\n') ?? NOTHING,
    secret_commands: secrets(facts),
    bootstrap_command: [
      run('db-bootstrap'),
      'Next: run it once after the phase database, then apply complete.',
    ],
    resolver_instructions: facts.resolverInstructions?.split('\n') ?? [
      'Next: apply complete, and look again.',
    ],
    shared_vpc_grants: sharedNetwork(facts),
    model_garden: models(facts),
    client_settings: clientSettings(facts),
    smoke_test: [
      run('doctor'),
      `curl --fail ${publicUrl}/health`,
      'Next: run the second line on a laptop in the VPN, then sign in with Claude Code.',
    ],
  }
}

function certificate({ certificateRecord }: OutputFacts): string[] {
  if (!certificateRecord) return NOTHING
  const { name, type, data } = certificateRecord
  return [
    `${name} ${type} ${data}`,
    'Next: add it to the PUBLIC zone of the domain; until then the certificate stays in PROVISIONING.',
  ]
}

function secrets({ project, manualSecrets }: OutputFacts): string[] {
  const commands = manualSecrets.map(
    ({ secretId, version }) =>
      `gcloud secrets versions add ${secretId} --project=${project} --data-file=-   # until version ${version} is there`,
  )
  return [...commands, 'Next: give each its value on standard input, then apply the next phase.']
}

/** The agent's name is Google's (G-17). */
function sharedNetwork({ projectNumber, sharedSubnet }: OutputFacts): string[] {
  if (sharedSubnet === undefined) return NOTHING
  const member = `serviceAccount:service-${projectNumber}@serverless-robot-prod.iam.gserviceaccount.com`
  return [
    `roles/compute.networkUser on ${sharedSubnet} for ${member}`,
    'Next: the owner of the host project grants it, before the phase database.',
  ]
}

function models({ project, vertexLocation }: OutputFacts): string[] {
  if (vertexLocation === undefined) return NOTHING
  const isOneRegion = !['global', 'us', 'eu'].includes(vertexLocation)
  return [
    `https://console.cloud.google.com/vertex-ai/model-garden?project=${project}`,
    ...(isOneRegion
      ? [`${vertexLocation} is a single region, which stops at older models; global has the newest.`]
      : []),
    'Next: enable each Claude model there; until then requests to it end with 403 or 404.',
  ]
}

/** The managed settings that make Claude Code sign in here. */
function clientSettings({ publicUrl, isPrivateCa = false }: OutputFacts): string[] {
  const settings = {
    forceLoginMethod: 'gateway',
    forceLoginGatewayUrl: publicUrl,
    parentSettingsBehavior: 'merge',
  }
  return [
    JSON.stringify(settings),
    ...(isPrivateCa ? ['Set NODE_EXTRA_CA_CERTS on every machine to the file of your CA.'] : []),
    'Next: push it as managed-settings.json by device management.',
  ]
}
