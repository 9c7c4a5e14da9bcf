import type { LogLevel } from '../lib/log.ts'
import { type ForwardProxies, type ReadProxies, readForwardProxies } from './forward-proxies.ts'

/** What the environment says, typed; nothing else in it changes behaviour (C-6, C-7). */
export interface Environment {
  logLevel: LogLevel
  /** Loopback is open for every operator URL. */
  allowLoopback: boolean
  drainTimeoutMs: number
  /** Set by Cloud Run. */
  kService: string | undefined
  kRevision: string | undefined
  /** Set by Cloud Run for a job. */
  cloudRunJob: string | undefined
  /** The project whose traces the lines of the log name, on Cloud Run. */
  googleCloudProject: string | undefined
  /** Which managed identity of Azure's is the service's own. */
  azureClientId: string | undefined
  /** The default of `listen.port`; `malformed` when PORT is no port. */
  port: number | 'malformed' | undefined
  proxies: ForwardProxies
  /** Why the proxies cannot be used, one sentence each. */
  proxyProblems: readonly string[]
  /** What was ignored and why, one sentence each. */
  warnings: readonly string[]
  /** The variable of that name, for `${NAME}` in the file. */
  variable(name: string): string | undefined
}

type Variables = Readonly<Record<string, string | undefined>>

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** Cloud Run kills 10 s after SIGTERM. */
const CLOUD_RUN_DRAIN_MS = 8000
const CLOUD_RUN_LONGEST_DRAIN_MS = 8500
const DRAIN_MS = 25_000

/** Reads the environment, once at the start of the process. */
export function readEnvironment(variables: Variables = process.env): Environment {
  const warnings: string[] = []
  const allowLoopback = readSwitch(variables, 'CLAUDE_GATEWAY_ALLOW_LOOPBACK', warnings)
  const read = readProxies(variables, { allowLoopback, warnings })
  const environment: Environment = {
    logLevel: readLogLevel(variables, warnings),
    allowLoopback,
    drainTimeoutMs: readDrainTimeout(variables, warnings),
    kService: nonEmpty(variables['K_SERVICE']),
    kRevision: nonEmpty(variables['K_REVISION']),
    cloudRunJob: nonEmpty(variables['CLOUD_RUN_JOB']),
    googleCloudProject: nonEmpty(variables['GOOGLE_CLOUD_PROJECT']),
    azureClientId: nonEmpty(variables['AZURE_CLIENT_ID']),
    port: readPort(variables['PORT']),
    proxies: read.proxies,
    proxyProblems: read.problems,
    warnings,
    variable: name => (Object.hasOwn(variables, name) ? variables[name] : undefined),
  }
  if (nonEmpty(variables['BUN_CONFIG_MAX_HTTP_REQUESTS']) !== undefined) {
    warnings.push('BUN_CONFIG_MAX_HTTP_REQUESTS is ignored: there is no queue of outbound requests to size.')
  }
  return environment
}

/**
 * Takes away the variable with which Google's libraries print what they send and receive, tokens and secrets included.
 * Call it before one of them is loaded.
 */
export function quietGoogleLibraries(variables: Record<string, string | undefined> = process.env): void {
  delete variables['GOOGLE_SDK_NODE_LOGGING']
}

/** Where the metadata services of AWS are, by its SDKs' own variables ("AWS SDKs and Tools Reference Guide"). */
export interface AwsMetadataVariables {
  readonly containerRelativeUri: string | undefined
  readonly containerFullUri: string | undefined
  readonly containerToken: string | undefined
  /** Wins over the token; read again for each question. */
  readonly containerTokenFile: string | undefined
  readonly instanceEndpoint: string | undefined
  readonly isInstanceIpv6: boolean
  readonly isInstanceDisabled: boolean
}

/** Read when an upstream's ambient credentials are asked for, and by nothing else. */
export function readAwsMetadata(variables: Variables = process.env): AwsMetadataVariables {
  const read = (name: string): string | undefined => nonEmpty(variables[name])
  return {
    containerRelativeUri: read('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'),
    containerFullUri: read('AWS_CONTAINER_CREDENTIALS_FULL_URI'),
    containerToken: read('AWS_CONTAINER_AUTHORIZATION_TOKEN'),
    containerTokenFile: read('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'),
    instanceEndpoint: read('AWS_EC2_METADATA_SERVICE_ENDPOINT'),
    isInstanceIpv6: read('AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE')?.toLowerCase() === 'ipv6',
    isInstanceDisabled: read('AWS_EC2_METADATA_DISABLED')?.toLowerCase() === 'true',
  }
}

/** Which gateway a command asks, and as whom. */
export interface GatewayVariables {
  readonly url: string | undefined
  readonly adminKey: string | undefined
}

/** Read by the commands that ask a running gateway, and by nothing else. */
export function readGatewayVariables(variables: Variables = process.env): GatewayVariables {
  return {
    url: nonEmpty(variables['GATEHOUSE_URL']),
    adminKey: nonEmpty(variables['GATEHOUSE_ADMIN_KEY']),
  }
}

function readLogLevel(variables: Variables, warnings: string[]): LogLevel {
  const value = nonEmpty(variables['CLAUDE_GATEWAY_LOG_LEVEL'])
  const level = LOG_LEVELS.find(candidate => candidate === value)
  if (value !== undefined && level === undefined) {
    warnings.push(`CLAUDE_GATEWAY_LOG_LEVEL is none of ${LOG_LEVELS.join(', ')}: info is used.`)
  }
  return level ?? 'info'
}

function readSwitch(variables: Variables, name: string, warnings: string[]): boolean {
  const value = nonEmpty(variables[name])
  if (value !== undefined && value !== '1')
    warnings.push(`${name} is ignored: only the value 1 switches it on.`)
  return value === '1'
}

function readDrainTimeout(variables: Variables, warnings: string[]): number {
  const name = 'CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS'
  const isCloudRun = nonEmpty(variables['K_SERVICE']) !== undefined
  const byDefault = isCloudRun ? CLOUD_RUN_DRAIN_MS : DRAIN_MS
  const value = nonEmpty(variables[name])
  if (value === undefined) return byDefault
  if (!/^[1-9][0-9]{0,8}$/.test(value)) {
    warnings.push(
      `${name} is ignored: it needs a positive whole number of milliseconds. ${byDefault} is used.`,
    )
    return byDefault
  }
  if (isCloudRun && Number(value) > CLOUD_RUN_LONGEST_DRAIN_MS) {
    warnings.push(
      `${name} is ${value}, but Cloud Run kills the container 10 seconds after SIGTERM: use 8500 or less.`,
    )
  }
  return Number(value)
}

function readPort(value: string | undefined): Environment['port'] {
  if (nonEmpty(value) === undefined) return undefined
  const port = Number(value)
  return /^[0-9]{1,5}$/.test(value ?? '') && port <= 65_535 ? port : 'malformed'
}

/** Lower case wins. */
function readProxies(
  variables: Variables,
  { allowLoopback, warnings }: { allowLoopback: boolean; warnings: string[] },
): ReadProxies {
  const read = (name: string): string | undefined =>
    nonEmpty(variables[name.toLowerCase()]) ?? nonEmpty(variables[name])
  const isDeclaredBoundary = readSwitch(variables, 'CLAUDE_GATEWAY_PROXY_IS_EGRESS_BOUNDARY', warnings)
  const proxies = readForwardProxies({
    ...{ https: read('HTTPS_PROXY'), http: read('HTTP_PROXY'), none: read('NO_PROXY') },
    ...{ isDeclaredBoundary, allowLoopback },
  })
  warnings.push(...proxies.warnings)
  return proxies
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
