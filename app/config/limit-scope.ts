/** Whom a limit is for, as the Admin API writes it. */
export type LimitScope =
  | { readonly type: 'user'; readonly user_id: string }
  | { readonly type: 'rbac_group'; readonly rbac_group_id: string }
  | { readonly type: 'organization' }

/** `user 0oa1`, `group eng`, `organization`. */
export function scopeText(scope: LimitScope): string {
  switch (scope.type) {
    case 'user':
      return `user ${scope.user_id}`
    case 'rbac_group':
      return `group ${scope.rbac_group_id}`
    case 'organization':
      return 'organization'
  }
}
