// Self-signed certificates, made in memory: no key is kept in the repository.
import { type KeyObject, randomBytes, sign } from 'node:crypto'

/** The keys that the certificate is made of, and when it is valid. */
export interface CertificateFacts {
  publicKey: KeyObject
  privateKey: KeyObject
  from: Date
  until: Date
}

/** A certificate for `localhost` in PEM (RFC 5280), signed by its own RSA key with SHA-256. */
export function selfSigned({ publicKey, privateKey, from, until }: CertificateFacts): string {
  const algorithm = sequence(oid('2a864886f70d01010b'), element(0x05)) // sha256WithRSAEncryption, NULL
  const name = sequence(element(0x31, sequence(oid('550403'), element(0x0c, Buffer.from('localhost')))))
  const validity = sequence(time(from), time(until))
  const serial = element(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)]))
  const version = element(0xa0, element(0x02, Buffer.of(2)))
  const key = publicKey.export({ type: 'spki', format: 'der' })
  const body = sequence(version, serial, algorithm, name, validity, name, key)
  const signature = element(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)]))
  const lines =
    sequence(body, algorithm, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function element(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const length =
    body.length < 128 ? Buffer.of(body.length) : Buffer.of(0x82, body.length >> 8, body.length & 255)
  return Buffer.concat([Buffer.of(tag), length, body])
}

function sequence(...content: Buffer[]): Buffer {
  return element(0x30, ...content)
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, 'hex'))
}

/** GeneralizedTime, without fractions. */
function time(date: Date): Buffer {
  return element(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`))
}
