import type { z } from 'zod'
import { parseRange } from '../lib/address.ts'
import { addressList } from './address-list.ts'
import { missing } from './findings.ts'
import { isEncryptedKey, readCertificates, readPrivateKey } from './pem.ts'
import type { Finding } from './problems.ts'
import type { Facts, Rule } from './rule.ts'
import { absolutePath, closed, text, whole } from './scalar.ts'
import type { Tree } from './tree.ts'
import { baseUrl } from './url.ts'

/** Where the gateway listens, and under which name the outside knows it. */
export const ListenSection = closed({
  host: text().default('0.0.0.0'),
  /** 0 = any free port. The default is `PORT`, else 8080. */
  port: whole(0, 65_535).optional(),
  /** Required unless `host` is loopback; never taken from request headers. */
  public_url: baseUrl().optional(),
  /** Both or none. */
  tls: closed({ cert: absolutePath(), key: absolutePath() }).optional(),
  /** Peers whose X-Forwarded-For is believed; nobody by default. */
  trusted_proxies: addressList().default([]),
})

/** `listen`, defaults filled in; `public_url` has no trailing slash. With port 0 it names port 0. */
export interface ListenConfig extends z.infer<typeof ListenSection> {
  port: number
  public_url: string
  /** Whether the file gives `public_url`; otherwise it was made from `host` and `port`. */
  hasPublicUrl: boolean
}

const MAX_PEM_BYTES = 1_048_576

/** Fills in what depends on the environment or on other keys. */
export function completeListen(listen: z.infer<typeof ListenSection>, facts: Facts): ListenConfig {
  const { port: fromEnvironment } = facts.environment
  const port = listen.port ?? (typeof fromEnvironment === 'number' ? fromEnvironment : 8080)
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  const scheme = listen.tls === undefined ? 'http' : 'https'
  const hasPublicUrl = listen.public_url !== undefined
  return { ...listen, port, hasPublicUrl, public_url: listen.public_url ?? `${scheme}://${host}:${port}` }
}

/** Reports whether only this machine can connect to a listener bound to `host`. */
export function isLoopbackBind(host: string): boolean {
  if (host === 'localhost') return true
  const range = parseRange(host)
  const first = range?.base.words[0]
  if (range?.base.family === 4) return first !== undefined && first >>> 24 === 127
  return range?.base.words.join('.') === '0.0.0.1'
}

/** `public_url` beside an open bind, `PORT`, and the TLS files. */
export const listenRules: Rule = (tree, facts) => {
  const findings = tlsFindings(tree, facts)
  if (!tree.has('listen')) return findings
  if (!tree.has('listen', 'port') && facts.environment.port === 'malformed') {
    findings.push({
      path: ['listen', 'port'],
      at: 'parent',
      text: 'the variable PORT is no port number.',
      fix: 'set listen.port.',
    })
  }
  const host = tree.has('listen', 'host') ? tree.text('listen', 'host') : '0.0.0.0'
  if (!tree.has('listen', 'public_url') && host !== undefined && !isLoopbackBind(host)) {
    findings.push(
      missing(['listen', 'public_url'], "the gateway's own address is never taken from request headers."),
    )
  }
  return findings
}

function tlsFindings(tree: Tree, facts: Facts): Finding[] {
  const findings: Finding[] = []
  const cert = readPem('cert', tree, facts, findings)
  const key = readPem('key', tree, facts, findings)
  const certificates = cert === undefined ? undefined : readCertificates(cert)
  if (certificates === null) {
    findings.push({
      path: ['listen', 'tls', 'cert'],
      text: 'holds no readable PEM certificate.',
      fix: 'write the leaf first, then its chain.',
    })
  }
  const privateKey = key === undefined ? undefined : readPrivateKey(key)
  if (privateKey === null && key !== undefined) {
    const text = isEncryptedKey(key) ? 'the key is encrypted.' : 'holds no readable PEM private key.'
    findings.push({ path: ['listen', 'tls', 'key'], text, fix: 'give an unencrypted key in PEM.' })
  }
  const leaf = certificates?.[0]
  if (leaf && privateKey && !leaf.checkPrivateKey(privateKey)) {
    findings.push({
      path: ['listen', 'tls', 'key'],
      text: 'does not match the first certificate of listen.tls.cert.',
    })
  }
  return findings
}

function readPem(name: 'cert' | 'key', tree: Tree, facts: Facts, findings: Finding[]): string | undefined {
  const path = tree.text('listen', 'tls', name)
  if (path === undefined || !path.startsWith('/')) return undefined
  const read = facts.readFile(path, MAX_PEM_BYTES)
  if (read.kind === 'read') return read.bytes.toString('utf8')
  const text = `cannot be read (${read.code}).`
  findings.push({
    path: ['listen', 'tls', name],
    found: path,
    text,
    fix: 'check the path and its permissions.',
  })
  return undefined
}
