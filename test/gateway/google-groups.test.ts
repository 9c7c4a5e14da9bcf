// The whole gateway with a look-up of Google groups, on a day when Google gives no token.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onGoogle } from '../support/google.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

test('a sign-in whose groups cannot be looked up ends on a page that says so, and the log says what to mend', async t => {
  await onGoogle(t, response => void response.writeHead(404).end())
  await using whole = await openWholeGateway({
    sections: { gatehouse: { google_groups: { mode: 'service_account_role' } } },
  })
  const headings: (string | undefined)[] = []

  const end = await whole.signIn(async prompt => {
    const { text } = await whole.approve(prompt)
    headings.push(/<h1>([^<]*)<\/h1>/.exec(text)?.[1])
  })

  const [mint] = whole.gateway.events.filter(({ evt }) => evt === 'session.mint')
  assert.deepEqual(end, { kind: 'stopped', message: 'Sign-in was denied in the browser.' })
  assert.deepEqual(headings, ['Your groups could not be read'])
  assert.deepEqual(
    { ...mint, request_id: '' },
    {
      ...{ evt: 'session.mint', request_id: '', client_ip: '127.0.0.1', result: 'fail' },
      ...{ err: 'credentials_missing', step: 'groups' },
    },
  )
  const said = whole.gateway.lines.filter(line => line.includes('groups: '))
  assert.match(
    said[0] ?? '',
    /groups: looked up at Google by the Workspace role of the workload's own account; membership: direct/,
  )
  assert.match(
    said[1] ?? '',
    /groups: the service's own Google credentials failed \(the metadata server has no service account for this workload/,
  )
})
