import type { GoogleApis } from '../../net/google-apis.ts'
import type { Bearer, Patience } from './asking.ts'

/** What one look-up asks with. */
export interface Directory {
  readonly apis: GoogleApis
  /** For the Directory API. */
  readonly directoryToken: Bearer
  /** For Cloud Identity, whose scope is another one. */
  readonly cloudIdentityToken: Bearer
  readonly patience: Patience
}

/**
 * One way to read the groups of a person. Answers lower-case addresses, each once, all of them: rejects with
 * GroupLookupFault when any part could not be read.
 */
export type Membership = (email: string, directory: Directory) => Promise<readonly string[]>
