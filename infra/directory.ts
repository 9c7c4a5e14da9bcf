import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import { ProjectIamCustomRole, ServiceAccount, ServiceAccountIamMember } from './google.ts'
import type { Account } from './project.ts'

export interface DirectoryProps {
  readonly project: string
  /** Prefix of all names. */
  readonly name: string
  /** `group-reader`: a Workspace role, nobody impersonated. `delegation`, `key`: in an administrator's name. */
  readonly mode: 'group-reader' | 'delegation' | 'key'
  /** `direct`: the groups a person is in. `transitive`: also those they are in through others. Default `direct`. */
  readonly lookup?: 'direct' | 'transitive'
  readonly runtime: Account
  /** The switch of the IAM API. */
  readonly iam: ITerraformDependable
}

const GROUPS = 'https://www.googleapis.com/auth/admin.directory.group.readonly'
const MEMBERSHIPS = 'https://www.googleapis.com/auth/cloud-identity.groups.readonly'

/** What a super admin types exactly. Groups in groups are asked for of one API, and where it refuses, of the other. */
const LOOKUP_SCOPES = { direct: GROUPS, transitive: `${MEMBERSHIPS},${GROUPS}` } as const

/**
 * Who asks Google for a developer's groups: an account of its own that runs nothing (G-42).
 *
 * The runtime account may take its tokens, or sign for it, and nothing else of it. With delegation the holder of
 * that right can be any person for the scope: hence the separate account, and the better first mode.
 */
export class Directory extends Construct {
  readonly email: string
  /** What a Workspace super admin does once: the clicks, then one value a line to paste. */
  readonly setup: string

  constructor(scope: Construct, id: string, props: DirectoryProps) {
    super(scope, id)
    const { project, name, mode, lookup = 'direct' } = props

    const account = new ServiceAccount(this, 'account', {
      ...{ project, accountId: `${name}-directory`, displayName: `${name}-directory` },
      description: 'holds the Workspace right to read groups; runs nothing',
      dependsOn: [props.iam],
    })
    if (mode !== 'key') this.#grant(account, props)

    this.email = account.email
    this.setup = setupOf({ ...props, lookup }, { email: account.email, clientId: account.uniqueId })
  }

  #grant(account: ServiceAccount, { project, name, mode, runtime, iam }: DirectoryProps): void {
    const permission = mode === 'delegation' ? 'signJwt' : 'getAccessToken'
    const role = new ProjectIamCustomRole(this, 'role', {
      ...{ project, roleId: `${name.replaceAll('-', '_')}_directory`, title: `${name} directory` },
      description: `may ${permission} for the account it is granted on, and nothing else`,
      permissions: [`iam.serviceAccounts.${permission}`],
      dependsOn: [iam],
    })
    new ServiceAccountIamMember(this, 'caller', {
      ...{ serviceAccountId: account.name, role: role.name, member: runtime.member },
    })
  }
}

/** Console labels and coverage per Workspace edition: (check live). */
function setupOf(
  { mode, lookup, name }: DirectoryProps & { readonly lookup: 'direct' | 'transitive' },
  account: { email: string; clientId: string },
): string {
  if (mode === 'group-reader') {
    return lines(
      'A Workspace super admin, once: admin.google.com > Account > Admin roles > Groups Reader > Assign service accounts. Paste the email:',
      account.email,
      'Then run the doctor job: its check `groups` must be ok.',
    )
  }
  return lines(
    'A Workspace super admin, once: admin.google.com > Security > Access and data control > API controls > Domain-wide delegation > Add new. Paste the client id, then the scope:',
    account.clientId,
    LOOKUP_SCOPES[lookup],
    ...(mode === 'key'
      ? [`Make a key of ${account.email} and add it as a version of the secret ${name}-directory-key.`]
      : []),
    'It may take a day to spread. Then run the doctor job: its check `groups` must be ok.',
  )
}

function lines(...texts: string[]): string {
  return texts.join('\n')
}
