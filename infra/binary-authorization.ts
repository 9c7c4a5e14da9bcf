import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import {
  BinaryAuthorizationAttestor,
  BinaryAuthorizationAttestorIamMember,
  BinaryAuthorizationPolicy,
  ContainerAnalysisNote,
  ContainerAnalysisNoteIamMember,
  DataGoogleKmsCryptoKeyVersion,
  KmsCryptoKey,
  KmsCryptoKeyIamMember,
  KmsCryptoKeyVersion,
  KmsKeyRing,
  ProjectIamMember,
} from './google.ts'

export interface BinaryAuthorizationProps {
  readonly project: string
  readonly region: string
  readonly name: string
  /** `dry-run` writes what it would have refused to the audit log; begin with it. */
  readonly mode: 'dry-run' | 'enforce'
  /** Email of the account that signs, after the tests, what it found in the registry. */
  readonly signer: string
  /** The switches of the Binary Authorization, Container Analysis and Cloud KMS APIs. */
  readonly apis: readonly ITerraformDependable[]
}

/** Only images that the pipeline signed start in this project (G-52). The policy is the project's only one. */
export class BinaryAuthorization extends Construct {
  /** For `gcloud container binauthz`: `projects/…/attestors/…`. */
  readonly attestor: string
  /** `projects/…/cryptoKeyVersions/…` */
  readonly keyVersion: string

  constructor(scope: Construct, id: string, props: BinaryAuthorizationProps) {
    super(scope, id)
    const { project, name, mode } = props
    const member = `serviceAccount:${props.signer}`

    const { key, version, publicKey } = this.#key(props)
    const note = new ContainerAnalysisNote(this, 'note', {
      ...{ project, name: `${name}-tested`, dependsOn: [...props.apis] },
      attestationAuthority: { hint: { humanReadableName: `${name}: tested and built by the pipeline` } },
    })
    const attestor = new BinaryAuthorizationAttestor(this, 'attestor', {
      ...{ project, name: `${name}-tested` },
      attestationAuthorityNote: {
        noteReference: note.name,
        publicKeys: [{ id: `//cloudkms.googleapis.com/v1/${version.id}`, pkixPublicKey: publicKey }],
      },
    })
    new BinaryAuthorizationPolicy(this, 'policy', {
      ...{ project, globalPolicyEvaluationMode: 'ENABLE' },
      defaultAdmissionRule: {
        evaluationMode: 'REQUIRE_ATTESTATION',
        enforcementMode: mode === 'enforce' ? 'ENFORCED_BLOCK_AND_AUDIT_LOG' : 'DRYRUN_AUDIT_LOG_ONLY',
        requireAttestationsBy: [attestor.name],
      },
    })
    new KmsCryptoKeyIamMember(this, 'may-sign', {
      ...{ cryptoKeyId: key.id, role: 'roles/cloudkms.signerVerifier', member },
    })
    new ContainerAnalysisNoteIamMember(this, 'may-attach', {
      ...{ project, note: note.name, role: 'roles/containeranalysis.notes.attacher', member },
    })
    new BinaryAuthorizationAttestorIamMember(this, 'may-see', {
      ...{ project, attestor: attestor.name, role: 'roles/binaryauthorization.attestorsViewer', member },
    })
    new ProjectIamMember(this, 'may-write', {
      ...{ project, role: 'roles/containeranalysis.occurrences.editor', member },
    })

    this.attestor = attestor.id
    this.keyVersion = version.id
  }

  // Google keeps key rings and keys for ever: only their versions can be destroyed.
  #key({ project, region, name, apis }: BinaryAuthorizationProps) {
    const ring = new KmsKeyRing(this, 'ring', {
      ...{ project, location: region, name: `${name}-signing`, dependsOn: [...apis] },
    })
    const key = new KmsCryptoKey(this, 'key', {
      ...{ keyRing: ring.id, name: 'images', purpose: 'ASYMMETRIC_SIGN', skipInitialVersionCreation: true },
      versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256', protectionLevel: 'SOFTWARE' },
    })
    const version = new KmsCryptoKeyVersion(this, 'version', { cryptoKey: key.id })
    // Read back, because what makes the version does not say its public half.
    const made = new DataGoogleKmsCryptoKeyVersion(this, 'made', { cryptoKey: key.id, dependsOn: [version] })
    const { pem, algorithm } = made.publicKey.get(0)
    return { key, version, publicKey: { publicKeyPem: pem, signatureAlgorithm: algorithm } }
  }
}
