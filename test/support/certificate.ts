// Self-signed certificates, because Node.js reads X.509 but does not write it (RFC 5280 section 4.1).
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface Certificate {
  readonly certificate_pem: string
  readonly private_key_pem: string
}

export interface CertificateOptions {
  /** Names and IPv4 addresses that the certificate is for. */
  readonly hosts?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly modulusLength?: number
}

export function createCertificate(options: CertificateOptions = {}): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: options.modulusLength ?? 2048,
  })
  const certificate = certificateFor(privateKey, publicKey, options)
  return {
    certificate_pem: `-----BEGIN CERTIFICATE-----\n${base64(certificate)}\n-----END CERTIFICATE-----\n`,
    private_key_pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function certificateFor(privateKey: KeyObject, publicKey: KeyObject, options: CertificateOptions): Buffer {
  const {
    hosts = ['localhost', '127.0.0.1'],
    notBefore = daysFromNow(-1),
    notAfter = daysFromNow(365),
  } = options
  const algorithm = sequence(oid([1, 2, 840, 113549, 1, 1, 11]), der(0x05)) // sha256WithRSAEncryption
  const name = sequence(der(0x31, sequence(oid([2, 5, 4, 3]), der(0x0c, Buffer.from('gatehouse test')))))
  const alternatives = sequence(...hosts.map(generalName))
  const extensions = sequence(
    sequence(oid([2, 5, 29, 17]), der(0x04, alternatives)),
    sequence(
      oid([2, 5, 29, 19]),
      der(0x01, Buffer.of(0xff)),
      der(0x04, sequence(der(0x01, Buffer.of(0xff)))),
    ), // a CA
  )
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.of(1)), // serial number
    algorithm,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = sign(
    'sha256',
    body,
    createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  )
  return sequence(body, algorithm, der(0x03, Buffer.of(0), signature))
}

function generalName(host: string): Buffer {
  const octets = host.split('.').map(Number)
  return octets.every(Number.isInteger) ? der(0x87, Buffer.from(octets)) : der(0x82, Buffer.from(host))
}

function time(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`)) // GeneralizedTime
}

function oid([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const arcs = rest.flatMap(arc => {
    const digits = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
    return digits
  })
  return der(0x06, Buffer.from([first * 40 + second, ...arcs]))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{64}/g, '$&\n').trim()
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * 86_400_000)
}
