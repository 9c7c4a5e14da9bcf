// A Google Cloud project on loopback, as its management APIs show it: number, APIs, rights, bucket, subnets, policies.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import type { Finding } from '../../app/doctor/examine.ts'
import { guardedFetch } from '../../app/net/fetch.ts'
import { createGoogleAccess } from '../../app/net/google-access.ts'
import { apisOf } from '../../infra/apis.ts'
import { examineSettings } from '../../infra/doctor-settings/examine-settings.ts'
import { GoogleRest } from '../../infra/doctor-settings/google-rest.ts'
import { BUCKET_PERMISSIONS, neededPermissions } from '../../infra/doctor-settings/needed-permissions.ts'
import { featuresOf } from '../../infra/stack-props.ts'
import { credentialsFile, googleNetwork, granted } from './google.ts'
import { REQUIRED, settingsOf } from './infra-environment.ts'

/** An answer: a body with 200, or an error of Google's. */
type Reply = { readonly status: number; readonly reason: string } | { readonly body: unknown }

export interface GoogleProject {
  project: Reply
  apis: Set<string>
  /** What the caller has, on the project, the bucket and the billing account. */
  permissions: Set<string>
  bucket: Reply
  subnetworks: Record<string, unknown>[]
  dnsPolicies: Record<string, unknown>[]
  /** Rules by constraint; what is not there has none. */
  rules: Record<string, unknown[]>
  /** APIs that answer every request with this. */
  refusals: Record<string, { status: number; reason: string }>
  /** Requests, each as `METHOD host/path?query`, with the headers that matter. */
  readonly asked: { line: string; authorization: string | undefined; quota: string | undefined }[]
}

const PERSON = { type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'r' }

/** A project in which nothing is in the way of `changes` to the required settings. */
export async function startProject(t: TestContext, changes: Readonly<Record<string, unknown>> = {}) {
  const settings = settingsOf(changes)
  const project: GoogleProject = {
    project: { body: { name: `projects/${settings.projectNumber}`, state: 'ACTIVE' } },
    apis: new Set(['serviceusage', 'cloudresourcemanager', ...apisOf(featuresOf(settings))]),
    permissions: new Set([
      ...[...neededPermissions(settings).values()].flatMap(needed => [...needed.keys()]),
      ...BUCKET_PERMISSIONS,
      'billing.budgets.create',
    ]),
    bucket: { body: BUCKET },
    ...{ subnetworks: [], dnsPolicies: [], rules: {}, refusals: {}, asked: [] },
  }
  credentialsFile(t, JSON.stringify(PERSON))
  const network = await googleNetwork(t, (request, response) => answer(project, request, response))
  const transport = guardedFetch({ dispatcher: network.dispatcher(), totalMs: 5000, maxBytes: 1e6 })
  const { token } = createGoogleAccess(network)
  const google = new GoogleRest({ transport, token, project: settings.project })
  return { project, examine: () => examineSettings({ settings, google }) }
}

const BUCKET = {
  kind: 'storage#bucket',
  projectNumber: REQUIRED['projectNumber'],
  versioning: { enabled: true },
  iamConfiguration: {
    ...{ publicAccessPrevention: 'enforced', uniformBucketLevelAccess: { enabled: true } },
  },
}

/** The bucket with other members. */
export function bucketWith(changes: Readonly<Record<string, unknown>>): Reply {
  return { body: { ...BUCKET, ...changes } }
}

/** Findings of one check, without those of the others: `status evidence → fix`. */
export function saidBy(id: string, findings: readonly Finding[]): string[] {
  return findings
    .filter(finding => finding.id === id)
    .map(({ status, evidence, fix }) => `${status}: ${evidence}${fix === undefined ? '' : ` → ${fix}`}`)
}

async function answer(project: GoogleProject, request: IncomingMessage, response: ServerResponse) {
  const { host = '', authorization } = request.headers
  const url = new URL(`https://${host}${request.url}`)
  const line = `${request.method} ${host}${decodeURIComponent(url.pathname)}`
  const quota = request.headers['x-goog-user-project']?.toString()
  project.asked.push({ line, authorization, quota })
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const reply = refusalOf(project, host) ?? replyTo(project, line, { url, text })
  const status = 'body' in reply ? 200 : reply.status
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify('body' in reply ? reply.body : faultOf(reply)))
}

function refusalOf({ refusals }: GoogleProject, host: string): Reply | undefined {
  return refusals[host.replace('.googleapis.com', '')]
}

/** AIP-193. */
function faultOf({ status, reason }: { status: number; reason: string }) {
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' }
  return { error: { code: status, message: 'no', status: 'PERMISSION_DENIED', details: [info] } }
}

function replyTo(project: GoogleProject, line: string, { url, text }: { url: URL; text: string }): Reply {
  const held = (asked: readonly string[]) => ({
    body: { permissions: asked.filter(name => project.permissions.has(name)) },
  })
  if (line === 'POST oauth2.googleapis.com/token') return { body: JSON.parse(granted('token-of-a-person')) }
  if (line.endsWith(':testIamPermissions')) return held(JSON.parse(text).permissions)
  if (line.endsWith('/iam/testPermissions')) return held(url.searchParams.getAll('permissions'))
  if (/ cloudresourcemanager\.googleapis\.com\/v3\/projects\/[a-z-]+$/.test(line)) return project.project
  if (/ storage\.googleapis\.com\/storage\/v1\/b\/[a-z-]+$/.test(line)) return project.bucket
  if (line.endsWith('/services:batchGet')) {
    const names = url.searchParams.getAll('names')
    if (names.length > 30) return { status: 400, reason: 'INVALID_ARGUMENT' }
    return { body: { services: names.map(name => ({ name, state: stateOf(project, name) })) } }
  }
  // Two pages, so that the second one is asked for.
  if (line.endsWith('/aggregated/subnetworks'))
    return url.searchParams.has('pageToken')
      ? { body: { items: { 'regions/us-east5': { subnetworks: project.subnetworks } } } }
      : { body: { items: { 'regions/us-west1': { warning: {} } }, nextPageToken: 'second' } }
  if (line.endsWith('/policies')) return { body: { policies: project.dnsPolicies } }
  const constraint = /\/policies\/(\S+):getEffectivePolicy$/.exec(line)?.[1] ?? ''
  if (constraint !== '') return { body: { name: line, spec: { rules: project.rules[constraint] ?? [] } } }
  return { status: 404, reason: 'notFound' }
}

function stateOf({ apis }: GoogleProject, name: string): string {
  const api = name.split('/').at(-1)?.replace('.googleapis.com', '') ?? ''
  return apis.has(api) ? 'ENABLED' : 'DISABLED'
}
