import { Construct } from 'constructs'
import {
  CertificateManagerCertificate,
  CertificateManagerCertificateIssuanceConfig,
  CertificateManagerDnsAuthorization,
} from './google.ts'

/** Where the certificate comes from. None of them hands a private key to the stack (G-23). */
export type CertificateSource =
  /** Publicly trusted and renewed by Google, once the record of `dnsRecord` is in the domain's public zone. */
  | { readonly kind: 'managed' }
  /** Of a private CA: `caPool` is its id; Certificate Manager's own account must be allowed to ask it. Clients must be told to trust it. */
  | { readonly kind: 'private-ca'; readonly caPool: string }
  /** The id of one that is there. */
  | { readonly kind: 'existing'; readonly id: string }

export interface CertificateProps {
  readonly project: string
  readonly region: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly host: string
  readonly source: CertificateSource
}

/** A record that a person must publish. */
export interface DnsRecord {
  readonly name: string
  readonly type: string
  readonly data: string
}

/** The certificate of the gateway's host, regional as all of its balancer is. */
export class Certificate extends Construct {
  readonly certificateId: string
  /** For `managed`: what the public zone must hold, although the address is private. Else null. */
  readonly dnsRecord: DnsRecord | null = null

  constructor(scope: Construct, id: string, props: CertificateProps) {
    super(scope, id)
    const { source, host } = props
    const place = { project: props.project, location: props.region, labels: { ...props.labels } }

    switch (source.kind) {
      case 'existing':
        this.certificateId = source.id
        return
      case 'private-ca': {
        const issuance = new CertificateManagerCertificateIssuanceConfig(this, 'issuance', {
          ...{ ...place, name: `${props.name}-issuance`, keyAlgorithm: 'ECDSA_P256' },
          // Renewed after two thirds of 90 days, so that at least 30 remain: the doctor warns below 21.
          ...{ lifetime: '7776000s', rotationWindowPercentage: 66 },
          certificateAuthorityConfig: { certificateAuthorityServiceConfig: { caPool: source.caPool } },
        })
        this.certificateId = this.#managed(props, { issuanceConfig: issuance.id })
        return
      }
      case 'managed': {
        const proof = new CertificateManagerDnsAuthorization(this, 'proof', {
          ...{ ...place, name: `${props.name}-host`, domain: host },
        })
        const { name, type, data } = proof.dnsResourceRecord.get(0)
        this.dnsRecord = { name, type, data }
        this.certificateId = this.#managed(props, { dnsAuthorizations: [proof.id] })
      }
    }
  }

  #managed(
    props: CertificateProps,
    by: { issuanceConfig: string } | { dnsAuthorizations: string[] },
  ): string {
    return new CertificateManagerCertificate(this, 'certificate', {
      ...{ project: props.project, location: props.region, labels: { ...props.labels } },
      name: `${props.name}-host`,
      managed: { domains: [props.host], ...by },
    }).id
  }
}
