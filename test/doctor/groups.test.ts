// Whether groups can be looked up, as the doctor sees it: how many, never which.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groups } from '../../app/doctor/groups.ts'
import type { Network } from '../../app/net/network.ts'
import { findingsOf } from '../support/examination.ts'
import { DIRECTORY } from '../support/google-tokens.ts'
import { openWorkspace, type Workspace } from '../support/google-workspace.ts'

const ERIN = 'erin@example.com'
const sections = {
  gatehouse: { google_groups: { mode: 'service_account_role', service_account: DIRECTORY } },
  managed: { policies: [{ match: { groups: ['eng@example.com'] }, code: {} }] },
}

/** On which no raw handshake is made here. */
function networkOf({ network }: Workspace): Network {
  return { ...network, handshake: () => Promise.reject(new Error('not asked')) }
}

test('groups of the person who is named are looked up, and counted', async t => {
  const workspace = await openWorkspace(t, {
    [ERIN]: ['eng@example.com', 'all@example.com'],
    'ana@example.com': [],
  })
  const examined = async (user: string) =>
    (await findingsOf(groups, { sections, network: networkOf(workspace), user }))[0]

  assert.deepEqual(await examined(ERIN), {
    ...{ id: 'groups', status: 'ok' },
    evidence: 'erin@example.com is in 2 groups, of which the configuration names 1',
  })
  assert.deepEqual(await examined('ana@example.com'), {
    ...{ id: 'groups', status: 'warn' },
    evidence: 'ana@example.com is in 0 groups, of which the configuration names 0',
    fix: 'if that is not meant so, compare the names with the addresses of the groups',
  })
})

test('a look-up that fails says what Google said, and what mends it', async t => {
  const workspace = await openWorkspace(t, { [ERIN]: [] })
  workspace.hasRole = false

  const [finding] = await findingsOf(groups, { sections, network: networkOf(workspace), user: ERIN })

  assert.deepEqual(finding, {
    ...{ id: 'groups', status: 'fail' },
    evidence:
      'the groups of erin@example.com cannot be looked up (role_missing): the Directory API answered 403 (forbidden)',
    fix: 'assign the Workspace role Groups Reader to the service account, or with delegation to the administrator',
  })
})

test('without a look-up, or without a person, there is nothing to examine', async () => {
  const skipped = async (options: Parameters<typeof findingsOf>[1]) =>
    (await findingsOf(groups, options)).map(({ status, evidence }) => [status, evidence])

  assert.deepEqual(await skipped({}), [['skip', 'no Google groups are looked up']])
  assert.deepEqual(await skipped({ sections }), [
    ['skip', 'whose groups to look up is not said: give --user ADDRESS'],
  ])
})
