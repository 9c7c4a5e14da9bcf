// A certificate authority for TLS on loopback, made when a test asks, and servers that it vouches for.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface Authority {
  /** Its own certificate, in PEM. */
  readonly cert: string
  /** A certificate for DNS `names`, and its key, in PEM. */
  issue(...names: readonly string[]): { cert: string; key: string }
  /** A certificate for somebody else's key, given in PEM. */
  certify(name: string, publicKey: string): string
}

export function createAuthority(name: string): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const issuer = { name, key: own.privateKey }
  return {
    certify: (subject, pem) =>
      certificate({ subject, issuer, publicKey: createPublicKey(pem), extension: isNamed([subject]) }),
    cert: certificate({ subject: name, issuer, publicKey: own.publicKey, extension: isAuthority() }),
    issue(...names) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      const cert = certificate({ subject: names[0] ?? '', issuer, publicKey, extension: isNamed(names) })
      return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
    },
  }
}

interface Facts {
  subject: string
  issuer: { name: string; key: KeyObject }
  publicKey: KeyObject
  extension: Buffer
}

/** RFC 5280 section 4.1, in DER, valid from yesterday for a month. */
function certificate({ subject, issuer, publicKey, extension }: Facts): string {
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
  const day = 86_400_000
  const validity = sequence(time(Date.now() - day), time(Date.now() + 30 * day))
  const body = sequence(
    element(0xa0, element(0x02, Buffer.of(2))),
    element(0x02, Buffer.of(1), randomBytes(8)),
    ecdsaWithSha256,
    commonName(issuer.name),
    validity,
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(extension)),
  )
  const signature = element(0x03, Buffer.of(0), sign('sha256', body, issuer.key))
  const text = sequence(body, ecdsaWithSha256, signature).toString('base64')
  const lines = text.match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function isAuthority(): Buffer {
  const yes = element(0x01, Buffer.of(0xff))
  return sequence(oid('551d13'), yes, element(0x04, sequence(yes)))
}

function isNamed(names: readonly string[]): Buffer {
  const list = sequence(...names.map(name => element(0x82, Buffer.from(name))))
  return sequence(oid('551d11'), element(0x04, list))
}

function commonName(name: string): Buffer {
  return sequence(element(0x31, sequence(oid('550403'), element(0x0c, Buffer.from(name)))))
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)
  return element(0x18, Buffer.from(`${digits}Z`))
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, 'hex'))
}

function sequence(...content: readonly Buffer[]): Buffer {
  return element(0x30, ...content)
}

function element(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  // X.690 section 8.1.3: the shortest form of the length.
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), body])
}
