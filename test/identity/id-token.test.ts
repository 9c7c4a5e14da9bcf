import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLIENT } from '../support/idp-manners.ts'
import { openRig, type RigOptions } from '../support/idp-sign-in.ts'

// A-11 and 2.7: each way in which an id_token can be wrong, and the reason that is audited.
const REFUSED: ReadonlyArray<{ what: string; rig: RigOptions; err: string }> = [
  { what: 'is not signed', rig: { manners: { signature: 'none' } }, err: 'id_token_alg' },
  { what: 'is signed with the client secret', rig: { manners: { signature: 'hs256' } }, err: 'id_token_alg' },
  {
    what: 'is signed with another algorithm than the configured one',
    rig: { manners: { signature: 'es256' } },
    err: 'id_token_alg',
  },
  {
    what: 'names a key that is not published',
    rig: { manners: { signature: 'unpublished' } },
    err: 'id_token_key_unknown',
  },
  {
    what: 'is signed by another key than it names',
    rig: { manners: { signature: 'forged' } },
    err: 'id_token_signature',
  },
  {
    what: 'comes from another issuer',
    rig: tampered({ iss: 'https://other.example' }),
    err: 'id_token_issuer',
  },
  { what: 'is for another client', rig: tampered({ aud: 'other' }), err: 'id_token_audience' },
  {
    what: 'is for several clients without azp',
    rig: tampered({ aud: [CLIENT.client_id, 'other'] }),
    err: 'id_token_azp',
  },
  { what: 'was issued to another party', rig: tampered({ azp: 'other' }), err: 'id_token_azp' },
  {
    what: 'was issued to another party beside us',
    rig: tampered({ aud: [CLIENT.client_id, 'b'], azp: 'b' }),
    err: 'id_token_azp',
  },
  { what: 'answers another request', rig: tampered({ nonce: 'another' }), err: 'id_token_nonce' },
  { what: 'has no nonce', rig: tampered({ nonce: undefined }), err: 'id_token_nonce' },
  { what: 'expired a second ago', rig: tampered({ exp: seconds() - 1 }), err: 'id_token_expired' },
  { what: 'is not valid yet', rig: tampered({ nbf: seconds() + 60 }), err: 'id_token_not_yet_valid' },
  { what: 'has no expiry', rig: tampered({ exp: undefined }), err: 'id_token_claim_missing' },
  { what: 'has no subject', rig: tampered({ sub: undefined }), err: 'id_token_claim_missing' },
  { what: 'has a subject of 256 characters', rig: tampered({ sub: 'x'.repeat(256) }), err: 'id_token_sub' },
  { what: 'has a subject with a control character', rig: tampered({ sub: 'a\nb' }), err: 'id_token_sub' },
  { what: 'has a subject with half a character', rig: tampered({ sub: 'a\ud83d' }), err: 'id_token_sub' },
]

for (const { what, rig: options, err } of REFUSED) {
  test(`an id_token that ${what} is refused`, async () => {
    await using rig = await openRig(options)

    const outcome = await rig.signInOnce()

    assert.deepEqual(outcome, { kind: 'failed', cause: 'id_token', err, step: 'id_token' })
  })
}

test('a token answer without an id_token is refused', async () => {
  await using rig = await openRig()
  rig.idp.manners.faults = {
    token: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"access_token":"a","token_type":"Bearer"}')
    },
  }

  const outcome = await rig.signInOnce()

  assert.deepEqual(outcome, { kind: 'failed', cause: 'id_token', err: 'id_token_missing', step: 'token' })
})

test('clock_skew_seconds forgives a token that expired within it', async () => {
  await using rig = await openRig({ ...tampered({ exp: seconds() - 30 }), oidc: { clock_skew_seconds: 60 } })

  const outcome = await rig.signInOnce()

  assert.equal(outcome.kind, 'signed_in')
})

test('an additional authorized party may have asked for the token, beside several audiences', async () => {
  await using rig = await openRig({
    ...tampered({ aud: [CLIENT.client_id, 'account'], azp: 'frontend' }),
    oidc: { additional_authorized_parties: ['frontend'] },
  })

  const outcome = await rig.signInOnce()

  assert.equal(outcome.kind, 'signed_in')
})

function tampered(claims: Readonly<Record<string, unknown>>): RigOptions {
  return { manners: { tamper: honest => ({ ...honest, ...claims }) } }
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
