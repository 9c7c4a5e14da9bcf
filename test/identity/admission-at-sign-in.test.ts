import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADA } from '../support/idp-manners.ts'
import { openRig, type RigOptions } from '../support/idp-sign-in.ts'

const REFUSED: ReadonlyArray<{
  what: string
  person: object
  oidc: NonNullable<RigOptions['oidc']>
  err: string
}> = [
  { what: 'an unverified address', person: { email_verified: false }, oidc: {}, err: 'email_unverified' },
  {
    what: 'an unverified address, told as text',
    person: { email_verified: 'false' },
    oidc: {},
    err: 'email_unverified',
  },
  {
    what: 'no address',
    person: { email: null },
    oidc: { allowed_email_domains: ['example.com'] },
    err: 'email_missing',
  },
  {
    what: 'an address elsewhere',
    person: {},
    oidc: { allowed_email_domains: ['example.org'] },
    err: 'email_domain',
  },
  { what: 'no allowed group', person: {}, oidc: { allowed_groups: ['finance'] }, err: 'group' },
]

for (const { what, person, oidc, err } of REFUSED) {
  test(`a person with ${what} is not admitted`, async () => {
    await using rig = await openRig({ oidc })
    rig.idp.person = { ...ADA, ...person }

    const outcome = await rig.signInOnce()

    assert.deepEqual(outcome, { kind: 'failed', cause: 'admission', err, step: 'admission' })
  })
}
