import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuseEmail, refuseGroups } from '../../app/identity/admission.ts'

const ADA = { address: 'ada@Example.com', verified: true }

test('without allowed_email_domains everybody is admitted, also without an address', () => {
  assert.equal(refuseEmail(undefined, {}), null)
  assert.equal(refuseEmail(ADA, {}), null)
})

test('an address that the provider calls unverified is refused, whatever is allowed', () => {
  assert.equal(refuseEmail({ ...ADA, verified: false }, {}), 'email_unverified')
  assert.equal(
    refuseEmail({ ...ADA, verified: false }, { allowed_email_domains: ['example.com'] }),
    'email_unverified',
  )
})

test('with allowed_email_domains an address is needed', () => {
  assert.equal(refuseEmail(undefined, { allowed_email_domains: ['example.com'] }), 'email_missing')
})

test('the whole domain after the last @ must be allowed, in any case and as punycode', () => {
  const verdict = (address: string, domain: string) =>
    refuseEmail({ address, verified: true }, { allowed_email_domains: ['other.org', domain] })

  assert.equal(verdict('ada@EXAMPLE.com', 'example.com'), null)
  assert.equal(verdict('ada@bücher.example', 'xn--bcher-kva.example'), null)
  assert.equal(verdict('ada@xn--bcher-kva.example', 'bücher.example'), null)
  assert.equal(verdict('"a@example.com"@evil.example', 'example.com'), 'email_domain')
  assert.equal(verdict('ada@team.example.com', 'example.com'), 'email_domain')
  assert.equal(verdict('ada@notexample.com', 'example.com'), 'email_domain')
  assert.equal(verdict('ada@example.com.', 'example.com'), 'email_domain')
  assert.equal(verdict('ada@ex%61mple.com', 'example.com'), 'email_domain')
  assert.equal(verdict('ada@%00', 'ex%00'), 'email_domain')
})

test('one of allowed_groups must match exactly', () => {
  const rules = { allowed_groups: ['engineering', 'platform'], namesGroups: true }

  assert.equal(refuseGroups(['platform'], rules), null)
  assert.equal(refuseGroups(['Platform', 'platform-interns'], rules), 'group')
  assert.equal(refuseGroups([], rules), 'group')
  assert.equal(refuseGroups('none_told', rules), 'group')
})

test('unknown groups refuse only where a group is named', () => {
  assert.equal(refuseGroups('unknown', { namesGroups: false }), null)
  assert.equal(refuseGroups('unknown', { namesGroups: true }), 'groups_unknown')
  assert.equal(refuseGroups('unknown', { allowed_groups: ['a'], namesGroups: false }), 'groups_unknown')
  assert.equal(refuseGroups('none_told', { namesGroups: true }), null)
})
