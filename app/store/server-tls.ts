// What `sslmode` asks for, in the words of libpq (C-19), turned into the options of a TLS connection.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { type ConnectionOptions, getCACertificates } from 'node:tls'
import type { PostgresAddress } from '../config/postgres-url.ts'
import type { Log } from '../lib/log.ts'
import { BootFault } from './boot-fault.ts'

interface Probe {
  readonly log: Log
  /** How long the server may take to say whether it speaks TLS. */
  readonly timeoutMs: number
}

/** How to secure connections to `address`; false for plain text. Throws when the server cannot do as it should. */
export async function tlsOptions(address: PostgresAddress, probe: Probe): Promise<ConnectionOptions | false> {
  const { tls, host } = address
  // As with libpq, a Unix socket is never encrypted.
  if (tls.kind === 'off' || host.startsWith('/')) return false
  const isOffered = await speaksTls(address, probe.timeoutMs)
  switch (tls.kind) {
    case 'unverified':
      if (!isOffered) throw new BootFault(NOT_OFFERED)
      return { rejectUnauthorized: false }
    case 'opportunistic':
      if (!isOffered) probe.log.warn(PLAIN)
      return isOffered && { rejectUnauthorized: false }
    case 'verified': {
      if (!isOffered) throw new BootFault(NOT_OFFERED)
      const ca = tls.rootCertPath === null ? systemRoots() : await readFile(tls.rootCertPath, 'utf8')
      return tls.checksName ? { ca } : { ca, checkServerIdentity: () => undefined }
    }
  }
}

const NOT_OFFERED = 'store.postgres_url: sslmode asks for TLS, which the server does not offer'
const PLAIN =
  'store.postgres_url has no sslmode and the server offers no TLS: the database is reached in plain text'

function systemRoots(): string[] {
  return [...getCACertificates('bundled'), ...getCACertificates('system')]
}

// PostgreSQL's protocol, section "SSL Session Encryption": eight bytes ask, one answers.
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

async function speaksTls({ host, port }: PostgresAddress, timeoutMs: number): Promise<boolean> {
  const socket = connect({ host, port })
  socket.write(SSL_REQUEST)
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const [answer] = await once(socket, 'data', { signal })
    return Buffer.isBuffer(answer) && answer[0] === 0x53 // S
  } finally {
    socket.destroy()
  }
}
