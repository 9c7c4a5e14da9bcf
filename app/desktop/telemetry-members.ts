// Where Claude Desktop is to send its telemetry, and the attributes that it stamps.
import type { JsonObject } from '../config/cli-settings.ts'
import type { TelemetryConfig } from '../config/telemetry.ts'
import type { Identity } from '../identity/identity.ts'

/** The longest attribute value, percent-encoded. */
const MAX_ENCODED = 255

/** What an attribute's value may not hold: space, controls, what is not ASCII, and the list's own punctuation. */
const UNFIT = /[^!-~]|[,;=\\"%]/

export interface TelemetryMembersOptions {
  readonly publicUrl: string
  readonly telemetry: Pick<TelemetryConfig, 'resource_attributes'>
  /** The environment of the person's settings. */
  readonly env: JsonObject
  readonly identity: Identity
}

/** The three `otlp…` members of the bootstrap document. */
export function telemetryMembers({ publicUrl, telemetry, env, identity }: TelemetryMembersOptions) {
  const asksJson = Object.entries(env).some(
    ([name, value]) =>
      /^OTEL_EXPORTER_OTLP_((METRICS|LOGS|TRACES)_)?PROTOCOL$/.test(name) && value === 'http/json',
  )
  return {
    otlpEndpoint: publicUrl,
    otlpProtocol: asksJson ? 'http/json' : 'http/protobuf',
    otlpResourceAttributes: { ...telemetry.resource_attributes, ...identityAttributes(identity) },
  }
}

function identityAttributes({ sub, email, groups = [] }: Identity): Record<string, string> {
  const list = groups.join(',')
  const areFit = groups.length > 0 && groups.every(name => !/[,=]/.test(name)) && isShort(list)
  return {
    ...(email !== undefined && { 'enduser.id': email, 'user.email': email }),
    ...(areFit && { 'user.groups': list }),
    ...(isShort(sub) && !UNFIT.test(sub) && { 'enduser.sub': sub }),
  }
}

function isShort(value: string): boolean {
  return encodeURIComponent(value.toWellFormed()).length <= MAX_ENCODED
}
