// What `sslmode` asks for, in the words of libpq (C-19), turned into the options of a TLS connection.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { type ConnectionOptions, getCACertificates } from 'node:tls'
import type { PostgresAddress } from '../config/postgres-url.ts'
import type { Log } from '../lib/log.ts'

interface Probe {
  readonly log: Log
  /** How long the server may take to say whether it speaks TLS. */
  readonly timeoutMs: number
}

/** How to secure connections to `address`; false for plain text. */
export async function tlsOptions(address: PostgresAddress, probe: Probe): Promise<ConnectionOptions | false> {
  const { tls } = address
  switch (tls.kind) {
    case 'off':
      return false
    case 'unverified':
      return { rejectUnauthorized: false }
    case 'opportunistic':
      if (await speaksTls(address, probe.timeoutMs)) return { rejectUnauthorized: false }
      probe.log.warn(
        'store.postgres_url names no sslmode and the server offers no TLS: the connection is plain text',
      )
      return false
    case 'verified': {
      const ca = tls.rootCertPath === null ? systemRoots() : await readFile(tls.rootCertPath, 'utf8')
      return tls.checksName ? { ca } : { ca, checkServerIdentity: () => undefined }
    }
  }
}

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
