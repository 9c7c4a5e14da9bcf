// Certificates and keys in PEM: what they must be to be used, and how long they stay valid.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

const DAY_MS = 86_400_000
const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** The certificates in `pem`, in order; null when there is none or one cannot be read. */
export function readCertificates(pem: string): X509Certificate[] | null {
  const blocks = pem.match(BLOCK)
  if (blocks === null) return null
  try {
    return blocks.map(block => new X509Certificate(block))
  } catch {
    return null // OpenSSL's reason names bytes, not what the operator should do
  }
}

/** The private key in `pem`; null when it is encrypted or cannot be read. */
export function readPrivateKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    return null // as above; an encrypted key fails for want of a passphrase
  }
}

/** Reports whether `pem` is a private key that only a passphrase opens. */
export function isEncryptedKey(pem: string): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem)
}

/** Says when a certificate is outside its validity, or within 30 days of its end; null when all is well. */
export function validityWarning(certificate: X509Certificate, now: number): string | null {
  const from = certificate.validFromDate.getTime()
  const until = certificate.validToDate.getTime()
  if (now < from) return `the certificate is not valid before ${certificate.validFromDate.toISOString()}.`
  if (now > until) return `the certificate expired on ${certificate.validToDate.toISOString()}.`
  if (until - now < 30 * DAY_MS)
    return `the certificate expires on ${certificate.validToDate.toISOString()}, in less than 30 days.`
  return null
}
