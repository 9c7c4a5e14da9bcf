// What a request to AWS is authorized with: a signature, or a key that goes along as it is.
import type { Identity } from '../../identity/identity.ts'
import type { Clock } from '../../lib/clock.ts'
import type { AwsKeys } from '../../net/aws-keys.ts'
import { type SignableRequest, type SigningScope, signatureHeaders } from './aws-signature.ts'
import { bodyHash } from './body-hash.ts'
import type { OutgoingBody } from './upstream.ts'

/** A request of which not more is known than what is sent. */
export interface UnsignedRequest extends Omit<SignableRequest, 'bodyHash'> {
  readonly body: OutgoingBody
}

/**
 * Gives the headers that a request needs beside its own; a promise only while keys are fetched, which may fail, or a long
 * body is hashed.
 */
export interface AwsAuthority {
  headers(request: UnsignedRequest, identity: Identity): readonly string[] | Promise<readonly string[]>
  /** AWS did not take what this developer's requests go with. */
  refused(identity: Identity): void
}

/** Where keys come from, which may depend on who asks. */
export interface AwsKeySource {
  get(identity: Identity): AwsKeys | Promise<AwsKeys>
  refused(identity: Identity): void
}

/** The same headers for every request: a bearer token, an API key. */
export function fixedAuthority(name: string, value: string): AwsAuthority {
  return { headers: () => [name, value], refused() {} }
}

/** Keys of the configuration file. */
export function fixedKeys(keys: AwsKeys): AwsKeySource {
  return { get: () => keys, refused() {} }
}

/** Signs each request; `clock` tells the time of day. */
export function signingAuthority(source: AwsKeySource, scope: SigningScope, clock: Clock): AwsAuthority {
  const sign = ({ path, headers }: UnsignedRequest, keys: AwsKeys, hash: string) =>
    signatureHeaders({ path, headers, bodyHash: hash }, keys, { scope, time: clock() })
  return {
    headers(request, identity) {
      const keys = source.get(identity)
      const hash = bodyHash(request.body)
      if (!(keys instanceof Promise) && typeof hash === 'string') return sign(request, keys, hash)
      return Promise.all([keys, hash]).then(([fetched, hashed]) => sign(request, fetched, hashed))
    },
    refused: identity => source.refused(identity),
  }
}
