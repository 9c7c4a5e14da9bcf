// What an operator reads when groups cannot be looked up: what Google said, and what to do about it (G-45).
import type { GroupLookupFailure } from '../group-lookup.ts'
import type { GroupFault, GroupStep } from './group-fault.ts'

/** The evidence and the cure; both without a full stop. */
export interface GroupDiagnosis {
  readonly evidence: string
  readonly fix: string
}

const STEPS: Readonly<Record<GroupStep, string>> = {
  credentials: "the service's own Google credentials",
  generateAccessToken: 'IAM Credentials (generateAccessToken)',
  signJwt: 'IAM Credentials (signJwt)',
  token: "Google's token endpoint",
  directory: 'the Directory API',
  cloudidentity: 'the Cloud Identity API',
}

const FIXES: Readonly<Record<GroupLookupFailure, string>> = {
  delegation_missing:
    'in the Admin console under API controls, domain-wide delegation, enter the numeric client id of the service ' +
    'account with exactly the scope of the look-up; a new entry takes up to 24 hours to spread',
  admin_invalid:
    'set admin_email to an active administrator of the domain who may read groups; the address must be a user, no group',
  clock_wrong: 'set the clock of this machine: an assertion that is minutes early or late is refused',
  credentials_missing:
    'check the service account: attached to the workload, or its key file; enabled, and with a key that still exists',
  iam_denied:
    'enable the IAM Service Account Credentials API, and grant the runtime account the permission on the account that ' +
    'looks groups up',
  role_missing:
    'assign the Workspace role Groups Reader to the service account, or with delegation to the administrator',
  user_not_in_directory: 'the person, or a group that was asked about, is not in this Workspace directory',
  address_unusable:
    'an address with a quote or a backslash cannot be looked up with this membership: use direct',
  too_many_groups:
    'the person is in more groups, or in deeper nested ones, than are read: use membership check',
  google_bad_answer:
    'what answered is not what the API documents: look for a proxy that answers in its place',
  google_unavailable:
    'Google answered with a quota or a failure, or could not be reached: allow the googleapis.com hosts, or wait',
}

/** Fixes that the code makes more exact. */
const BY_CODE: Readonly<Record<string, string>> = {
  SERVICE_DISABLED:
    'enable the API in the project of the service account: Admin SDK, Cloud Identity or IAM Credentials',
  accessNotConfigured:
    'enable the API in the project of the service account: Admin SDK, Cloud Identity or IAM Credentials',
  ACCESS_TOKEN_SCOPE_INSUFFICIENT:
    'the token lacks the scope: name the account in gatehouse.google_groups.service_account, so that IAM issues it',
  insufficientPermissions:
    'the token lacks the scope: name the account in gatehouse.google_groups.service_account, so that IAM issues it',
}

/** What each step of IAM needs on the account. */
const PERMISSIONS: Readonly<Partial<Record<GroupStep, string>>> = {
  generateAccessToken: 'iam.serviceAccounts.getAccessToken',
  signJwt: 'iam.serviceAccounts.signJwt',
}

/** Says what was seen and what mends it. */
export function diagnosisOf(fault: GroupFault): GroupDiagnosis {
  return { evidence: evidenceOf(fault), fix: fixOf(fault) }
}

/** The same as one sentence for the log. */
export function groupSentence(fault: GroupFault): string {
  const { evidence, fix } = diagnosisOf(fault)
  return `${evidence}: ${fix}`
}

function evidenceOf({ reason, step, status, code, detail }: GroupFault): string {
  const said = [code, detail].filter(part => part !== undefined).join(': ')
  if (reason === 'address_unusable' || reason === 'too_many_groups')
    return `${STEPS[step]} was not asked further`
  const answered =
    status !== undefined ? `answered ${status}` : reason === 'google_bad_answer' ? 'gave no answer' : 'failed'
  return `${STEPS[step]} ${answered}${said === '' ? '' : ` (${said})`}`
}

function fixOf({ reason, step, code = '' }: GroupFault): string {
  const exact = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined
  if (exact !== undefined) return exact
  if (reason === 'role_missing' && step === 'cloudidentity') {
    return (
      `${FIXES.role_missing}; transitive look-ups also need Enterprise Standard or Plus, Education or Cloud Identity ` +
      'Premium: use membership auto'
    )
  }
  const permission = PERMISSIONS[step]
  return reason === 'iam_denied' && permission !== undefined
    ? `${FIXES.iam_denied} (${permission})`
    : FIXES[reason]
}
