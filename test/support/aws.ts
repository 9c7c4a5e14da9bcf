// AWS's token service and metadata services on loopback, for the SDK's own chain of credentials.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { signatureFault } from './aws-signature.ts'
import { ACCOUNT, KEYS, REGION } from './bedrock.ts'
import {
  answer,
  jsonAnswer,
  type RecordedRequest,
  type Script,
  startUpstream,
  type TestUpstream,
} from './upstream.ts'

export const ROLE = `arn:aws:iam::${ACCOUNT}:role/marked-role`

/** Sets the AWS variables of the environment for the length of a test, and no others; no files are read. */
export function awsEnvironment(t: TestContext, variables: Readonly<Record<string, string>> = {}): void {
  const before = { ...process.env }
  const clear = () => {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  }
  clear()
  const nowhere = { AWS_CONFIG_FILE: '/nowhere/config', AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials' }
  Object.assign(process.env, nowhere, variables)
  t.after(() => {
    clear()
    Object.assign(process.env, before)
  })
}

/** A file that lives as long as the test; answers its path. */
export function fileOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-aws-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  writeFileSync(path, text)
  return path
}

/** Keys as metadata services hand them out. */
export function metadataKeys(accessKeyId: string, seconds = 3600) {
  return {
    ...{ Code: 'Success', Type: 'AWS-HMAC', AccessKeyId: accessKeyId, SecretAccessKey: KEYS.secretAccessKey },
    ...{ Token: `marked-token-of-${accessKeyId}`, Expiration: inSeconds(seconds) },
  }
}

export function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** What the token service was asked, as it stood in the form. */
export type Assumed = Readonly<Record<string, string>>

export interface TokenService extends TestUpstream {
  readonly asked: readonly Assumed[]
}

/** The token service: checks the signature of those who assume a role, and names the keys after the session. */
export async function startTokenService(
  t: TestContext,
  options: {
    readonly refusal?: (form: Assumed) => Buffer | null
    readonly seconds?: number
    readonly sessionToken?: string
  } = {},
): Promise<TokenService> {
  const asked: Assumed[] = []
  const script: Script = (request: RecordedRequest) => {
    const form = Object.fromEntries(new URLSearchParams(request.body.toString()))
    asked.push(form)
    const isSigned = form['Action'] === 'AssumeRole'
    const expected = {
      ...KEYS,
      sessionToken: options.sessionToken,
      region: REGION,
      service: 'sts',
      takesMore: true,
    }
    const fault = isSigned ? signatureFault(request, expected) : null
    if (fault !== null) return stsError(403, 'SignatureDoesNotMatch', fault)
    return options.refusal?.(form) ?? stsAnswer(form, options.seconds ?? 3600)
  }
  const service = await startUpstream(script)
  t.after(() => service[Symbol.asyncDispose]())
  return Object.assign(service, { asked })
}

export function stsError(status: number, code: string, message: string): Buffer {
  const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`
  return answer({ status, headers: { 'content-type': 'text/xml' }, body })
}

/** The id of the keys of a session. */
export function keyIdOf(session: string): string {
  return `ASIA${Buffer.from(session).toString('hex').toUpperCase().slice(0, 100)}`
}

function stsAnswer(form: Assumed, seconds: number): Buffer {
  const action = form['Action'] ?? ''
  const session = form['RoleSessionName'] ?? ''
  const keys =
    `<AccessKeyId>${keyIdOf(session)}</AccessKeyId><SecretAccessKey>${KEYS.secretAccessKey}</SecretAccessKey>` +
    `<SessionToken>marked-token-of-${keyIdOf(session)}</SessionToken><Expiration>${inSeconds(seconds)}</Expiration>`
  const user = `<AssumedRoleUser><Arn>arn:aws:sts::${ACCOUNT}:assumed-role/marked-role/${session.replaceAll('&', '')}</Arn><AssumedRoleId>AROAMARKED:x</AssumedRoleId></AssumedRoleUser>`
  const body = `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>${keys}</Credentials>${user}</${action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`
  return answer({ headers: { 'content-type': 'text/xml' }, body })
}

/** The metadata service of an instance, in its second version; `keys` is what the role has. */
export function instanceService(keys: () => object): Script {
  return ({ line, headers }) => {
    if (line.startsWith('PUT /latest/api/token ')) return answer({ body: 'imds-token' })
    if (headers['x-aws-ec2-metadata-token'] !== 'imds-token') return answer({ status: 401 })
    if (line.startsWith('GET /latest/meta-data/iam/security-credentials/ '))
      return answer({ body: 'marked-role' })
    if (line.startsWith('GET /latest/meta-data/iam/security-credentials/marked-role '))
      return jsonAnswer(keys())
    return answer({ status: 404 })
  }
}
