// Each failure has a reason for the audit line, and a sentence that says what Google said and what mends it (G-45).
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AT_SIGN_IN, DELEGATION, type LookupOptions, openLookup } from '../../support/google-lookup.ts'
import { refusal } from '../../support/google-tokens.ts'
import { openWorkspace, type Workspace } from '../../support/google-workspace.ts'

const ERIN = 'erin@example.com'

/** The reason, and the last line of the log; both are what `diagnose` answers too. */
async function faultOf(t: TestContext, change: (workspace: Workspace) => void, options: LookupOptions = {}) {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  change(workspace)
  const { groups, log, pauses } = openLookup(workspace, options)
  const answer = await groups.groupsOf(ERIN, AT_SIGN_IN)
  assert.ok(answer.kind === 'failed', JSON.stringify(answer))
  const diagnosis = await groups.diagnose(ERIN)
  assert.ok(diagnosis.kind === 'failed' && diagnosis.reason === answer.reason)
  const said = `${diagnosis.evidence}: ${diagnosis.fix}`
  assert.ok(
    log.lines.some(line => line.includes(`groups: ${said}`)),
    log.lines.join('\n'),
  )
  for (const token of workspace.accounts.issued.keys()) assert.ok(!log.lines.join('\n').includes(token))
  assert.ok(!log.lines.join('\n').includes(ERIN))
  return { reason: answer.reason, said, pauses }
}

const delegated = { mode: DELEGATION }

test('no delegation, another client id, or another scope', async t => {
  const { reason, said } = await faultOf(
    t,
    ({ accounts }) => {
      accounts.delegated = []
    },
    delegated,
  )

  assert.equal(reason, 'delegation_missing')
  assert.match(said, /^Google's token endpoint answered 401 \(unauthorized_client: Client is unauthorized/)
  assert.match(
    said,
    /numeric client id of the service account with exactly the scope .* up to 24 hours to spread$/,
  )
})

test('an administrator who does not exist', async t => {
  const mode = { ...DELEGATION, admin: 'gone@example.com' } as const
  const { reason, said } = await faultOf(t, () => {}, { mode })

  assert.equal(reason, 'admin_invalid')
  assert.match(
    said,
    /^Google's token endpoint answered 400 \(invalid_grant: Invalid email or User ID\): set admin_email/,
  )
})

test('a clock that is wrong', async t => {
  const tomorrow = () => Date.now() / 1000 + 86_400
  const { reason, said } = await faultOf(
    t,
    ({ accounts }) => {
      accounts.seconds = tomorrow
    },
    delegated,
  )

  assert.equal(reason, 'clock_wrong')
  assert.match(said, /short-lived token \(60 minutes\)\): set the clock of this machine/)
})

test('an assertion for another audience, or signed by a key that is gone, is refused in Google’s words', async t => {
  const invalid = (error_description: string) => ({
    status: 400,
    body: { error: 'invalid_grant', error_description },
  })
  const refusedAs = (description: string) =>
    faultOf(t, ({ outages }) => void outages.set('oauth2.googleapis.com', invalid(description)), delegated)

  assert.equal((await refusedAs('Invalid JWT Signature.')).reason, 'credentials_missing')
  assert.match(
    (await refusedAs('Invalid JWT: wrong audience')).said,
    /invalid_grant: Invalid JWT: wrong audience/,
  )
})

test('a runtime account that may not impersonate', async t => {
  const { reason, said } = await faultOf(t, ({ accounts }) => accounts.permissions.clear())
  const delegation = await faultOf(t, ({ accounts }) => accounts.permissions.clear(), delegated)

  assert.deepEqual([reason, delegation.reason], ['iam_denied', 'iam_denied'])
  assert.match(
    said,
    /^IAM Credentials \(generateAccessToken\) answered 403 \(PERMISSION_DENIED: iam\.serviceAccounts/,
  )
  assert.match(said, /\(iam\.serviceAccounts\.getAccessToken\)$/)
  assert.match(delegation.said, /\(iam\.serviceAccounts\.signJwt\)$/)
})

test('an API that is not enabled', async t => {
  const { reason, said } = await faultOf(t, ({ accounts }) => {
    accounts.isIamEnabled = false
  })

  assert.equal(reason, 'iam_denied')
  assert.match(said, /answered 403 \(SERVICE_DISABLED: not used before\): enable the API in the project/)
})

test('a role that is missing, and an edition that lacks the search', async t => {
  const role = await faultOf(t, workspace => {
    workspace.hasRole = false
  })
  const edition = await faultOf(
    t,
    workspace => {
      workspace.isEnterprise = false
    },
    {
      membership: 'transitive',
    },
  )

  assert.deepEqual([role.reason, edition.reason], ['role_missing', 'role_missing'])
  assert.match(
    role.said,
    /^the Directory API answered 403 \(forbidden\): assign the Workspace role Groups Reader/,
  )
  assert.match(edition.said, /Cloud Identity Premium: use membership auto$/)
})

test('a token that lacks the scope names the key that mends it', async t => {
  const mode = { kind: 'service_account_role', account: null } as const
  const insufficient = refusal(403, 'PERMISSION_DENIED', { reason: 'insufficientPermissions' })
  const { said } = await faultOf(t, ({ outages }) => void outages.set('admin.googleapis.com', insufficient), {
    mode,
  })

  assert.match(said, /name the account in gatehouse\.google_groups\.service_account/)
})

test('no credentials at all', async t => {
  const nowhere = { kind: 'key_file', admin: 'admin@example.com', path: '/nowhere' } as const
  const { reason, said } = await faultOf(t, () => {}, { mode: nowhere })

  assert.equal(reason, 'credentials_missing')
  assert.match(
    said,
    /credentials failed \(the key file cannot be read \(ENOENT\)\): check the service account/,
  )
})

test('a quota is waited out twice, with growing pauses; a third time it is a failure', async t => {
  const host = 'admin.googleapis.com'
  const quotas = [
    refusal(403, 'PERMISSION_DENIED', { reason: 'quotaExceeded' }),
    refusal(403, 'PERMISSION_DENIED', { reason: 'userRateLimitExceeded' }),
    refusal(403, 'PERMISSION_DENIED', { reason: 'rateLimitExceeded' }),
    refusal(429, 'RESOURCE_EXHAUSTED'),
    refusal(503, 'UNAVAILABLE'),
  ]
  for (const quota of quotas) {
    const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
    workspace.faults.set(host, [quota, quota])
    const { groups, pauses } = openLookup(workspace)
    assert.equal((await groups.groupsOf(ERIN, AT_SIGN_IN)).kind, 'groups')
    assert.deepEqual(pauses, [400, 800])
  }

  const { reason, said } = await faultOf(
    t,
    ({ outages }) => void outages.set(host, refusal(429, 'RESOURCE_EXHAUSTED')),
  )
  assert.equal(reason, 'google_unavailable')
  assert.match(said, /^the Directory API answered 429 \(RESOURCE_EXHAUSTED\)/)
})

test('other failures of Google are not repeated', async t => {
  for (const status of [500, 502, 504]) {
    const { reason, pauses } = await faultOf(
      t,
      ({ outages }) => void outages.set('admin.googleapis.com', refusal(status, 'INTERNAL')),
    )
    assert.deepEqual([reason, pauses], ['google_unavailable', []])
  }
})

test('a directory that does not answer is waited for no longer than the caller can', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: ['eng@example.com'] })
  workspace.faults.set('admin.googleapis.com', ['hang'])
  const { groups, log } = openLookup(workspace)

  assert.deepEqual(await groups.groupsOf(ERIN, { deadlineMs: 50, useStale: true }), {
    kind: 'failed',
    reason: 'google_unavailable',
  })
  assert.match(log.lines.at(-1) ?? '', /^warn groups: the Directory API failed \(TimeoutError\)/)
})
