// Who asks Google for groups, and what a Workspace super admin does for it, once (8.9).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentOf } from '../support/infra-environment.ts'
import type { Synthesized } from '../support/synthesized.ts'

function setupOf(environment: Synthesized): string {
  return JSON.parse(environment.text).output.directory_setup.value
}

function permissionsOf(environment: Synthesized): unknown {
  const roles = environment.all('google_project_iam_custom_role')
  return roles.find(({ role_id }) => role_id === 'gatehouse_directory')?.['permissions']
}

const reader = environmentOf({ directory: { mode: 'group-reader' } })
const delegation = environmentOf({ directory: { mode: 'delegation', adminEmail: 'admin@acme.example' } })

test('without a lookup there is no account for it', () => {
  const none = environmentOf()

  assert.equal(permissionsOf(none), undefined)
  assert.equal(setupOf(none), 'Nothing to do.')
})

test('a group reader’s tokens may be taken by the gateway, and nothing else of it', () => {
  assert.deepEqual(permissionsOf(reader), ['iam.serviceAccounts.getAccessToken'])
  assert.partialDeepStrictEqual(reader.one('google_service_account_iam_member'), {
    service_account_id: '${google_service_account.directory_account.name}',
    role: '${google_project_iam_custom_role.directory_role.name}',
    member: '${google_service_account.project_account-run.member}',
  })
})

test('with delegation the gateway may sign, and nothing else', () => {
  assert.deepEqual(permissionsOf(delegation), ['iam.serviceAccounts.signJwt'])
})

test('with a key file the gateway has no right on the account', () => {
  const key = environmentOf({
    directory: { mode: 'key', adminEmail: 'admin@acme.example' },
    secrets: { extra: { 'directory-key': { version: 1 } } },
  })

  assert.equal(permissionsOf(key), undefined)
  assert.deepEqual(key.all('google_service_account_iam_member'), [])
})

test('the clicks for a group reader end with the email to paste', () => {
  assert.deepEqual(setupOf(reader).split('\n'), [
    'A Workspace super admin, once: admin.google.com > Account > Admin roles > Groups Reader > Assign service accounts. Paste the email:',
    '${google_service_account.directory_account.email}',
    'Then run the doctor job: its check `groups` must be ok.',
  ])
})

test('the clicks for delegation end with the numeric id and the exact scope, one a line', () => {
  assert.deepEqual(setupOf(delegation).split('\n').slice(1, 3), [
    '${google_service_account.directory_account.unique_id}',
    'https://www.googleapis.com/auth/admin.directory.group.readonly',
  ])
})
