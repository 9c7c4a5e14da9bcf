// Who may connect at all: the operator's lists of addresses, and a watch for callers from outside.
import type { Audit, AuditEvent } from '../audit/events.ts'
import type { AccessControlConfig } from '../config/http-tuning.ts'
import { type Address, createAddressSet } from '../lib/address.ts'
import type { Log } from '../lib/log.ts'
import type { Caller } from './client-address.ts'
import { Refusal } from './errors.ts'

export interface AccessControlOptions {
  readonly lists: AccessControlConfig
  readonly audit: Audit
  readonly log: Log
}

/**
 * Admits a caller by address and answers the address that stands for it, or throws `forbidden`.
 *
 * Deny beats allow; a list that is not empty allows nobody else. While any list is set, a caller who cannot be
 * told is refused.
 */
export type Admit = (caller: Caller, requestId: string) => string

export function createAccessControl({ lists, audit, log }: AccessControlOptions): Admit {
  const allowed = createAddressSet(lists.allow_cidrs)
  const denied = createAddressSet(lists.deny_cidrs)
  const hasLists = !allowed.isEmpty || !denied.isEmpty
  const isOutside = createPublicWatch()

  return (caller, requestId) => {
    const reason = hasLists ? denial(caller, { allowed, denied }) : null
    if (reason !== null) {
      audit.write(accessDenied(caller, reason, requestId))
      throw new Refusal('forbidden', 'this network address may not use the gateway')
    }
    if (caller.kind === 'no_peer') return 'unknown'
    if (!hasLists && caller.kind === 'known' && isOutside(caller.address)) {
      audit.write({ evt: 'access.public_client', request_id: requestId, client_ip: caller.text })
      log.warn(
        `the public address ${caller.text} reached the gateway while access_control.allow_cidrs is empty`,
      )
    }
    return caller.text
  }
}

type Reason = Extract<AuditEvent, { evt: 'access.denied' }>['reason']

interface Lists {
  readonly allowed: ReturnType<typeof createAddressSet>
  readonly denied: ReturnType<typeof createAddressSet>
}

function denial(caller: Caller, { allowed, denied }: Lists): Reason | null {
  switch (caller.kind) {
    case 'no_peer':
      return 'client_ip_unknown'
    case 'unreadable':
      return 'xff_unparseable'
    case 'known':
      if (denied.includes(caller.address)) return 'ip_denylist'
      return allowed.isEmpty || allowed.includes(caller.address) ? null : 'ip_not_allowlisted'
  }
}

function accessDenied(caller: Caller, reason: Reason, requestId: string): AuditEvent {
  return {
    evt: 'access.denied',
    request_id: requestId,
    reason,
    client_ip: caller.kind === 'no_peer' ? undefined : caller.text,
    xff_hop: caller.kind === 'unreadable' ? caller.entry : undefined,
  }
}

/** Answers true for the first address from outside the private ranges, and never again. */
function createPublicWatch(): (address: Address) => boolean {
  const inside = createAddressSet(PRIVATE_RANGES)
  let wasSeen = false
  return address => {
    if (wasSeen || inside.includes(address)) return false
    wasSeen = true
    return true
  }
}

const PRIVATE_RANGES = [
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], // RFC 1918
  ...['100.64.0.0/10', 'fc00::/7'], // shared space (RFC 6598), unique local (RFC 4193)
  ...['127.0.0.0/8', '::1/128', '169.254.0.0/16', 'fe80::/10'], // loopback, link-local
]
