// The certificate of the host, from three sources, none of which hands over a key (G-23).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TerraformOutput } from 'cdktf'
import { Certificate, type CertificateSource } from '../../infra/certificate.ts'
import { PLACE } from '../support/infra-props.ts'
import { synthesized } from '../support/synthesized.ts'

function certificateOf(source: CertificateSource) {
  let dnsRecord: Certificate['dnsRecord'] = null
  const stack = synthesized(scope => {
    const certificate = new Certificate(scope, 'certificate', { ...PLACE, host: 'gw.example.com', source })
    dnsRecord = certificate.dnsRecord
    new TerraformOutput(scope, 'id', { value: certificate.certificateId })
    if (dnsRecord !== null) new TerraformOutput(scope, 'record', { value: dnsRecord.data })
  })
  return { stack, output: JSON.parse(stack.text).output, hasRecord: dnsRecord !== null }
}

test('a managed certificate is proved by a record that the operator is told', () => {
  const { stack, output } = certificateOf({ kind: 'managed' })

  assert.partialDeepStrictEqual(stack.one('google_certificate_manager_dns_authorization'), {
    ...{ domain: 'gw.example.com', location: 'us-east5' },
  })
  assert.partialDeepStrictEqual(stack.one('google_certificate_manager_certificate'), {
    ...{ location: 'us-east5', managed: { domains: ['gw.example.com'] } },
  })
  assert.match(output.record.value, /dns_resource_record\[0\]\.data/)
})

test('a private CA issues certificates that are renewed while thirty days remain', () => {
  const { stack, hasRecord } = certificateOf({
    ...{ kind: 'private-ca', caPool: 'projects/p1/locations/us-east5/caPools/company' },
  })

  const { lifetime, rotation_window_percentage: share } = stack.one(
    'google_certificate_manager_certificate_issuance_config',
  )
  const days = Number.parseInt(String(lifetime), 10) / 86_400
  assert.ok(days * (1 - Number(share) / 100) >= 30)
  assert.equal(hasRecord, false)
})

test('an existing certificate is taken by its id, and nothing is made', () => {
  const id = 'projects/p1/locations/us-east5/certificates/ours'

  const { stack, output } = certificateOf({ kind: 'existing', id })

  assert.deepEqual(stack.types, [])
  assert.equal(output.id.value, id)
})

test('no source has a private key', () => {
  for (const source of [{ kind: 'managed' }, { kind: 'private-ca', caPool: 'x' }] as const) {
    assert.doesNotMatch(certificateOf(source).stack.text, /private_key|self_managed/)
  }
})
