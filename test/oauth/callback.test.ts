// The table of 2.6: how a callback can end, and what each end means for grant, page, audit log and cookie.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { titleOf } from '../support/device-browser.ts'
import { oauthError, status } from '../support/idp-faults.ts'
import type { Answer } from '../support/sign-in-gateway.ts'
import { comeBack, openTrips, type Trip, type TripOptions } from '../support/trip.ts'

const CLEARED = '__Host-gw_dev=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax'
const CALLBACK = { evt: 'device.callback', request_id: '', client_ip: '127.0.0.1' }
const REFUSED = { evt: 'session.mint', request_id: '', result: 'fail', client_ip: '127.0.0.1' }

function setCookieOf(answer: Answer): string {
  return answer.headers['set-cookie']?.join() ?? ''
}

test('CB-1: a sign-in that succeeds approves the grant, names the account and clears the cookie', async () => {
  await using sut = await openTrips()
  const trip = await sut.setOut()

  const answer = await comeBack(sut.gateway, trip)

  assert.deepEqual([answer.status, titleOf(answer), setCookieOf(answer)], [200, 'You are signed in', CLEARED])
  assert.match(answer.body, /Signed in as <strong class="account" translate="no">ada@example\.com<\/strong>/)
  assert.match(
    String(answer.headers['content-security-policy']),
    /form-action 'self'; frame-ancestors 'none'/,
  )
  assert.deepEqual(
    [await sut.statuses(), sut.verdicts()],
    [['approved'], [{ ...CALLBACK, result: 'approved' }]],
  )
})

for (const [what, cookie] of [
  ['no cookie', null],
  ['another cookie', `__Host-gw_dev=${'A'.repeat(43)}`],
  ['a malformed cookie', '__Host-gw_dev=x'],
  ['the cookie under the name of a plain-http gateway', `gw_dev=${'A'.repeat(43)}`],
] as const) {
  test(`CB-2, A-4: a browser with ${what} did not begin this sign-in, and may not finish it`, async () => {
    await using sut = await openTrips()
    const trip = await sut.setOut()

    const answer = await comeBack(sut.gateway, trip, cookie)

    assert.deepEqual([answer.status, titleOf(answer), setCookieOf(answer)], [200, 'Another browser', CLEARED])
    assert.deepEqual(
      [await sut.statuses(), sut.verdicts()],
      [['pending'], [{ ...CALLBACK, result: 'browser_mismatch' }]],
    )
    assert.equal((await comeBack(sut.gateway, trip)).body.includes('You are signed in'), true)
  })
}

test("CB-3: the identity provider's own refusal is shown, escaped and short, and the person may try again", async () => {
  await using sut = await openTrips()
  const trip = await sut.setOut()
  trip.callback.searchParams.delete('code')
  trip.callback.searchParams.set('error', 'access_denied')
  trip.callback.searchParams.set('error_description', `<b>No\r\n\u202eentry</b> ${'x'.repeat(300)}`)

  const answer = await comeBack(sut.gateway, trip)

  assert.deepEqual([answer.status, titleOf(answer), setCookieOf(answer)], [200, 'Not completed', ''])
  assert.match(answer.body, /<code>access_denied<\/code><br>&lt;b&gt;No entry&lt;\/b&gt; x{184}<\/p>/)
  assert.deepEqual(
    [await sut.statuses(), sut.verdicts()],
    [['pending'], [{ ...CALLBACK, result: 'idp_error' }]],
  )
})

const BAD_STATES: readonly (readonly [string, (callback: URL) => void])[] = [
  ['without a state', callback => callback.searchParams.delete('state')],
  [
    'with two states',
    callback => callback.searchParams.append('state', callback.searchParams.get('state') ?? ''),
  ],
  ['with a forged state', callback => callback.searchParams.set('state', 'a.b.c.d.e')],
  ['with a state over 4 KiB', callback => callback.searchParams.set('state', 's'.repeat(4097))],
  ['with a code over 8 KiB', callback => callback.searchParams.set('code', 'c'.repeat(8193))],
  ['with a URL over 16 KiB', callback => callback.searchParams.set('session_state', 's'.repeat(16_385))],
  [
    'with an altered state',
    callback => {
      const state = callback.searchParams.get('state') ?? ''
      callback.searchParams.set(
        'state',
        state.replace(/.(?=.{30}$)/, letter => (letter === 'A' ? 'B' : 'A')),
      )
    },
  ],
]

for (const [what, alter] of BAD_STATES) {
  test(`CB-4, A-9, A-15: a callback ${what} is an expired link; the identity provider's words are not shown`, async () => {
    await using sut = await openTrips()
    const trip = await sut.setOut()
    alter(trip.callback)
    trip.callback.searchParams.set('error', 'call_this_number')
    trip.callback.searchParams.set('error_description', 'and tell them your password')

    const answer = await comeBack(sut.gateway, trip)

    assert.deepEqual([answer.status, titleOf(answer), setCookieOf(answer)], [200, 'Link expired', ''])
    assert.doesNotMatch(answer.body, /call_this_number|password/)
    assert.deepEqual(
      [await sut.statuses(), sut.verdicts()],
      [['pending'], [{ ...CALLBACK, result: 'bad_state' }]],
    )
    assert.deepEqual(
      sut.rig.idp.requests.filter(({ endpoint }) => endpoint === 'token'),
      [],
    )
  })
}

test('CB-5: a callback that is opened twice works once', async () => {
  await using sut = await openTrips()
  const trip = await sut.setOut()
  await comeBack(sut.gateway, trip)

  const answer = await comeBack(sut.gateway, trip)

  assert.deepEqual([answer.status, titleOf(answer), setCookieOf(answer)], [200, 'Already used', ''])
  assert.deepEqual(
    [await sut.statuses(), sut.verdicts().at(-1)],
    [['approved'], { ...CALLBACK, result: 'replay' }],
  )
  assert.equal(sut.rig.idp.requests.filter(({ endpoint }) => endpoint === 'token').length, 1)
})

interface Refusal {
  readonly row: string
  readonly options?: TripOptions
  readonly alter?: (trip: Trip) => void
  readonly title: string
  readonly says: RegExp
  readonly audit: object
}

const COULD_NOT = /answer could not be accepted/

const REFUSALS: readonly Refusal[] = [
  {
    row: 'CB-6: the exchange is refused with an OAuth error',
    options: { manners: { faults: { token: oauthError('invalid_grant') } } },
    ...{ title: 'Not completed', says: /It did not answer as it should/ },
    audit: { err: 'idp_refused', step: 'token', answer: 'invalid_grant' },
  },
  {
    row: 'CB-6: the token endpoint answers 500',
    options: { manners: { faults: { token: status(500) } } },
    ...{ title: 'Not completed', says: /It did not answer as it should/ },
    audit: { err: 'idp_unavailable', step: 'token', answer: '500' },
  },
  {
    row: 'CB-7, A-11: the id_token carries another nonce',
    options: { manners: { tamper: claims => ({ ...claims, nonce: 'another' }) } },
    ...{ title: 'Not signed in', says: COULD_NOT },
    audit: { err: 'id_token_nonce', step: 'id_token' },
  },
  {
    row: 'CB-8: the address is of another company',
    options: { oidc: { allowed_email_domains: ['elsewhere.example'] } },
    ...{ title: 'Not signed in', says: /does not admit the account you used/ },
    audit: { err: 'email_domain', step: 'admission' },
  },
  {
    row: 'CB-9: the groups are unknown while groups decide',
    options: {
      oidc: { allowed_groups: ['engineering'] },
      manners: { tamper: ({ groups: _, ...claims }) => ({ ...claims, hasgroups: true }) },
    },
    ...{ title: 'Not signed in', says: /could not learn yours/ },
    audit: { err: 'groups_overage', step: 'claims' },
  },
  {
    row: 'CB-10, A-10: the issuer parameter is wrong',
    options: { manners: { iss: () => ['https://other.example'] } },
    ...{ title: 'Not signed in', says: COULD_NOT },
    audit: { err: 'iss_wrong', step: 'callback' },
  },
  {
    row: 'CB-10, A-10: the announced issuer parameter is missing',
    options: { manners: { metadata: { authorization_response_iss_parameter_supported: true } } },
    ...{ title: 'Not signed in', says: COULD_NOT },
    audit: { err: 'iss_missing', step: 'callback' },
  },
  {
    row: 'CB-10, A-10: the issuer parameter is there twice',
    options: { manners: { iss: issuer => [issuer, issuer] } },
    ...{ title: 'Not signed in', says: COULD_NOT },
    audit: { err: 'iss_repeated', step: 'callback' },
  },
]

for (const { row, options = {}, title, says, audit } of REFUSALS) {
  test(`${row}: the grant is denied, and the page tells the request id but no reason`, async () => {
    await using sut = await openTrips(options)
    const trip = await sut.setOut()

    const answer = await comeBack(sut.gateway, trip)

    assert.deepEqual([answer.status, titleOf(answer), setCookieOf(answer)], [200, title, ''])
    assert.match(answer.body, says)
    assert.ok(
      answer.body.includes(`Request id: <code translate="no">${answer.headers['x-request-id']}</code>`),
    )
    assert.deepEqual([await sut.statuses(), sut.verdicts()], [['denied'], [{ ...REFUSED, ...audit }]])
    assert.equal((await comeBack(sut.gateway, trip)).body.includes('Already used'), true)
  })
}
