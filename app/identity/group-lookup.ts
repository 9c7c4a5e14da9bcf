/**
 * Asks a directory for a person's groups when the identity provider does not put them into its tokens.
 *
 * A failed look-up is never "no groups": only a well-formed answer with zero groups means none.
 */
export interface GroupLookup {
  /** `deadlineMs` bounds the whole look-up, retries included. */
  groupsOf(email: string, options: { deadlineMs: number; useStale: boolean }): Promise<GroupAnswer>
}

export type GroupAnswer =
  /** `stale` says that the answer is older than the cache's freshness and the directory could not be asked. */
  | { readonly kind: 'groups'; readonly groups: readonly string[]; readonly stale: boolean }
  | { readonly kind: 'failed'; readonly reason: GroupLookupFailure }

export type GroupLookupFailure =
  | 'delegation_missing'
  | 'admin_invalid'
  | 'clock_wrong'
  | 'credentials_missing'
  | 'iam_denied'
  | 'role_missing'
  | 'user_not_in_directory'
  | 'address_unusable'
  | 'too_many_groups'
  | 'google_bad_answer'
  | 'google_unavailable'
