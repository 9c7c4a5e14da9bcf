// Who is calling: the peer, or the first address that no trusted proxy vouches for as a proxy.
import {
  type Address,
  type AddressSet,
  createAddressSet,
  formatAddress,
  parseAddress,
  unmapped,
} from '../lib/address.ts'
import type { Log } from '../lib/log.ts'

export type Caller =
  | { readonly kind: 'known'; readonly address: Address; readonly text: string }
  /** A trusted proxy sent what cannot be read: `entry` is that, `text` the proxy's own address. */
  | { readonly kind: 'unreadable'; readonly text: string; readonly entry: string }
  /** The socket has no peer address any more. */
  | { readonly kind: 'no_peer' }

export interface CallerOptions {
  readonly trusted_proxies: readonly string[]
  readonly log: Log
}

/** Answers the caller for a socket's peer and the joined `X-Forwarded-For` lines of a request. */
export type FindCaller = (peer: string | undefined, forwardedFor: string | undefined) => Caller

/**
 * Nobody is trusted by default. `Forwarded`, `X-Real-IP` and the like are never read: one list is hard enough
 * to get right.
 */
export function createCallerFinder({ trusted_proxies, log }: CallerOptions): FindCaller {
  const trusted = createAddressSet(trusted_proxies)
  const warnings = createWarnings(log)
  // Parsing a peer costs more than all the rest, and a gateway behind proxies sees few of them.
  const peers = new Map<string, Peer>()

  return (peerText, forwardedFor) => {
    const peer = peerText === undefined ? null : peerOf(peerText, peers, trusted)
    if (peer === null) return { kind: 'no_peer' }
    if (forwardedFor === undefined) return peer.caller
    if (!peer.isTrusted) {
      warnings.ignored(peer.caller.text)
      return peer.caller
    }
    const caller = walk(forwardedFor, peer.caller, trusted)
    if (caller.kind === 'unreadable') warnings.unreadable(caller)
    return caller
  }
}

type KnownCaller = Extract<Caller, { kind: 'known' }>

interface Peer {
  readonly caller: KnownCaller
  readonly isTrusted: boolean
}

const MAX_PEERS = 4096
const MAX_ENTRIES = 64
const MAX_HEADER = 8192
const MAX_ENTRY_SHOWN = 128

function peerOf(text: string, peers: Map<string, Peer>, trusted: AddressSet): Peer | null {
  const seen = peers.get(text)
  if (seen !== undefined) return seen
  const address = parseAddress(text.replace(/%.*$/, '')) // a link-local peer has its interface after `%`
  if (address === null) return null
  const peer = { caller: known(address), isTrusted: trusted.includes(address) }
  if (peers.size >= MAX_PEERS) peers.clear()
  peers.set(text, peer)
  return peer
}

function known(address: Address): KnownCaller {
  const plain = unmapped(address)
  return { kind: 'known', address: plain, text: formatAddress(plain) }
}

/** Reads from the right: the leftmost entry is whatever the first sender liked to write. */
function walk(header: string, peer: KnownCaller, trusted: AddressSet): Caller {
  const unreadable = (entry: string): Caller => ({
    kind: 'unreadable',
    text: peer.text,
    entry: entry.slice(0, MAX_ENTRY_SHOWN),
  })
  if (header.length > MAX_HEADER) return unreadable(header.slice(-MAX_ENTRY_SHOWN))
  // Empty elements of a list are skipped (RFC 9110 section 5.6.1).
  const entries = header.split(',').map(trimmed).filter(Boolean)
  if (entries.length > MAX_ENTRIES) return unreadable(entries.at(-1)!) // there are at least 65
  for (const entry of entries.reverse()) {
    const address = parseEntry(entry)
    if (address === null) return unreadable(entry)
    if (!trusted.includes(address)) return known(address)
  }
  return peer
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`; the port is dropped. */
function parseEntry(entry: string): Address | null {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(entry)?.[1]
  if (bracketed !== undefined) return bracketed.includes(':') ? parseAddress(bracketed) : null
  const dotted = /^([\d.]+):\d{1,5}$/.exec(entry)?.[1]
  return parseAddress(dotted ?? entry)
}

function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

/** Each is said once per process: the cause is a setting, and it concerns every request. */
function createWarnings(log: Log) {
  let hasIgnored = false
  let hasUnreadable = false
  return {
    ignored(peer: string) {
      if (hasIgnored) return
      hasIgnored = true
      log.warn(`X-Forwarded-For from ${peer} is ignored: that peer is not in listen.trusted_proxies`)
    },
    unreadable({ text, entry }: { text: string; entry: string }) {
      if (hasUnreadable) return
      hasUnreadable = true
      log.warn(`X-Forwarded-For from the trusted proxy ${text} has an entry that is no address`, { entry })
    },
  }
}
