// Sessions of a role on AWS, from its token service.
import type { FetchedToken } from '../lib/expiring-token.ts'
import { awsFault } from './aws-fault.ts'
import type { AwsKeys } from './aws-keys.ts'
import { sdkRequestHandler } from './aws-transport.ts'

export interface RoleSession {
  readonly roleArn: string
  readonly externalId: string | undefined
  /** As AWS accepts it: 2 to 64 letters, digits and `_+=,.@-`. */
  readonly sessionName: string
  /** Whose token service is asked: `sts.<region>.amazonaws.com`, or its FIPS endpoint by AWS_USE_FIPS_ENDPOINT. */
  readonly region: string
}

const SESSION_SECONDS = 3600

/** Assumes the role with `keys` for an hour; rejects with a sentence for the operator. The library is loaded here. */
export async function assumeRole(
  exchange: typeof fetch,
  keys: AwsKeys,
  { roleArn, externalId, sessionName, region }: RoleSession,
): Promise<FetchedToken<AwsKeys>> {
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts')
  const { accessKeyId, secretAccessKey, sessionToken } = keys
  const client = new STSClient({
    region,
    requestHandler: sdkRequestHandler(exchange),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  })
  const command = new AssumeRoleCommand({
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    DurationSeconds: SESSION_SECONDS,
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
  })
  const { Credentials } = await client.send(command).catch(error => {
    throw awsFault(error, 'the role cannot be assumed')
  })
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {}
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || Expiration === undefined)
    throw new Error('the token service answered without keys')
  return {
    token: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    expiresIn: (Expiration.getTime() - Date.now()) / 1000,
  }
}
