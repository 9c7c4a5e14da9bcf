/** What is counted from the audit log: one row per metric (G-53). A test compares events and fields with the app's. */

/** A label's value is one of few: never a person, a group or a model (G-54). */
export interface MetricLabel {
  readonly description: string
  /** A field of the event that can only be one of few words, or a number of a status. */
  readonly field: string
  /** Takes the part that matches its group; what does not match has an empty label. */
  readonly pattern?: string
}

export interface AuditMetric {
  /** Without the prefix, which is the stack's name. */
  readonly name: string
  readonly description: string
  /** Which process writes the event. */
  readonly writer: 'service' | 'doctor'
  readonly evt: readonly string[]
  /** A further condition on fields of the event. */
  readonly where?: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, MetricLabel>>
  /** Makes it a distribution of this field instead of a count. */
  readonly distributionOf?: { readonly field: string; readonly unit: string }
}

// What an identity provider answers is its own text: only the words of the network, of HTTP and of RFC 6749 pass.
const ANSWERS =
  '^(dns|refused|tls|guard|timeout|broken|malformed|too_long|redirect|[1-5][0-9][0-9]|invalid_grant|invalid_client|invalid_request|unauthorized_client|login_required|interaction_required|consent_required|temporarily_unavailable|server_error|slow_down)$'

const reason: MetricLabel = { description: 'why it was refused', field: 'reason' }
const check: MetricLabel = { description: 'id of the check', field: 'check' }
const perUpstream = {
  upstream: { description: 'name of the upstream in the configuration', field: 'upstream' },
  status: { description: 'HTTP status of the answer', field: 'status' },
} satisfies Record<string, MetricLabel>

export const AUDIT_METRICS: readonly AuditMetric[] = [
  {
    ...{ name: 'auth_denied', description: 'requests with no valid bearer', writer: 'service' },
    ...{ evt: ['auth.denied'], labels: { reason } },
  },
  {
    ...{ name: 'sign_in_failed', description: 'sign-ins that ended without a bearer', writer: 'service' },
    ...{ evt: ['session.mint'], where: { result: 'fail' }, labels: {} },
  },
  {
    ...{ name: 'refresh_failed', description: 'bearers that were not renewed', writer: 'service' },
    ...{ evt: ['session.refresh'], where: { result: 'fail' } },
    labels: {
      answer: {
        ...{ description: 'what the identity provider answered', field: 'answer', pattern: ANSWERS },
      },
    },
  },
  {
    ...{ name: 'access_denied', description: 'clients outside the lists', writer: 'service' },
    ...{ evt: ['access.denied'], labels: { reason } },
  },
  {
    ...{ name: 'inference', description: 'requests for inference', writer: 'service' },
    ...{ evt: ['inference'], labels: perUpstream },
  },
  {
    ...{ name: 'inference_ms', description: 'how long requests for inference took', writer: 'service' },
    ...{ evt: ['inference'], labels: perUpstream, distributionOf: { field: 'ms', unit: 'ms' } },
  },
  {
    ...{ name: 'spend_blocked', description: 'requests over a cap', writer: 'service' },
    evt: ['spend.blocked'],
    labels: { period: { description: 'period of the cap', field: 'period' } },
  },
  {
    ...{ name: 'admin_denied', description: 'refused requests of the admin API', writer: 'service' },
    ...{ evt: ['admin.denied'], labels: { reason } },
  },
  {
    ...{ name: 'admin_changed', description: 'changes of spend limits', writer: 'service' },
    ...{ evt: ['admin.limit.upsert', 'admin.limit.delete'], labels: {} },
  },
  {
    ...{ name: 'booted', description: 'starts of a process, failed ones too', writer: 'service' },
    ...{ evt: ['config.load'], labels: {} },
  },
  {
    ...{ name: 'doctor_failed', description: 'checks of the doctor that failed', writer: 'doctor' },
    ...{ evt: ['doctor.result'], where: { status: 'fail' }, labels: { check } },
  },
  {
    ...{ name: 'doctor_ok', description: 'checks of the doctor that passed', writer: 'doctor' },
    ...{ evt: ['doctor.result'], where: { status: 'ok' }, labels: { check } },
  },
]

/** Which process a line comes from. */
export interface Writers {
  readonly service: string
  readonly doctorJob: string
  readonly region: string
}

/** The filter of Cloud Logging for a metric's lines. */
export function logFilter(metric: AuditMetric, { service, doctorJob, region }: Writers): string {
  const writer =
    metric.writer === 'service'
      ? ['resource.type="cloud_run_revision"', `resource.labels.service_name="${service}"`]
      : ['resource.type="cloud_run_job"', `resource.labels.job_name="${doctorJob}"`]
  const events = metric.evt.map(evt => `"${evt}"`)
  const event =
    events.length === 1 ? `jsonPayload.evt=${events[0]}` : `jsonPayload.evt=(${events.join(' OR ')})`
  const conditions = Object.entries(metric.where ?? {}).map(([field, is]) => `jsonPayload.${field}="${is}"`)
  return [...writer, `resource.labels.location="${region}"`, event, ...conditions].join(' AND ')
}

/** How Cloud Logging takes a label's value out of a line. */
export function labelExtractor({ field, pattern }: MetricLabel): string {
  return pattern === undefined
    ? `EXTRACT(jsonPayload.${field})`
    : `REGEXP_EXTRACT(jsonPayload.${field}, "${pattern}")`
}
