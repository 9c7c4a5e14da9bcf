// What is thrown in place of a connection that the guard does not allow.

import type { Category } from './ssrf-guard.ts'

interface Destination {
  /** What the connection was for, in the operator's words. */
  readonly purpose: string
  readonly host: string
  /** The address that the host's name answered with; null when the host itself gave the reason. */
  readonly address: string | null
  readonly category: Category
}

/** The guard refused a connection. It is never tried again, and no byte has left. */
export class ForbiddenDestination extends Error {
  override readonly name = 'ForbiddenDestination'
  readonly code = 'ECONNREFUSED_SSRF'
  readonly destination: Destination

  constructor(destination: Destination) {
    super(sentence(destination))
    this.destination = destination
  }
}

function sentence({ purpose, host, address, category }: Destination): string {
  const target = address === null || address === host ? host : `${host} (${address})`
  const fix = category === 'loopback' ? '; CLAUDE_GATEWAY_ALLOW_LOOPBACK=1 allows it' : ''
  return `${purpose}: the connection to ${target} is refused: ${category} address${fix}`
}
