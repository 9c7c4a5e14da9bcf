// The ambient credentials of AWS: its SDK's own chain, as far as it asks nobody without our transport.
import { readAwsMetadata } from '../config/environment.ts'
import type { FetchedToken } from '../lib/expiring-token.ts'
import { awsFault } from './aws-fault.ts'
import type { AwsKeys } from './aws-keys.ts'
import { fetchMetadataKeys } from './aws-metadata.ts'
import { sdkRequestHandler } from './aws-transport.ts'

export interface AwsTransports {
  /** To token services: STS and IAM Identity Center. */
  readonly exchange: typeof fetch
  /** To the metadata services of machines and containers. */
  readonly metadata: typeof fetch
}

/** Thrown where the SDK would begin to ask metadata services with connections of its own. */
class ChainEnds extends Error {
  override readonly name = 'ChainEnds'
}

const METADATA_LINK = 'defaultProvider::remoteProvider'

/**
 * Looks for keys anew, as the SDK does: the environment, shared files (with their roles, processes and sign-ins), a
 * web identity; then the metadata service of a container or an instance. Rejects with a sentence for the operator.
 * `region` is where token services are asked. The library is loaded when it is first needed.
 */
export async function fetchAwsKeys(
  transports: AwsTransports,
  region: string,
): Promise<FetchedToken<AwsKeys>> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
  const requestHandler = sdkRequestHandler(transports.exchange)
  const chain = defaultProvider({
    clientConfig: { requestHandler },
    parentClientConfig: { requestHandler, region },
    logger: { debug: endBeforeMetadata, trace() {}, info() {}, warn() {}, error() {} },
  })
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await chain()
    const left = expiration === undefined ? Number.POSITIVE_INFINITY : expiration.getTime() - Date.now()
    return { token: { accessKeyId, secretAccessKey, sessionToken }, expiresIn: left / 1000 }
  } catch (error) {
    if (error instanceof ChainEnds) return fetchMetadataKeys(transports.metadata, readAwsMetadata())
    throw awsFault(error, 'no AWS credentials')
  }
}

/** The chain names each link as it comes to it; there is no other way to leave the last one out. */
function endBeforeMetadata(line: unknown): void {
  if (typeof line === 'string' && line.endsWith(METADATA_LINK)) throw new ChainEnds()
}
