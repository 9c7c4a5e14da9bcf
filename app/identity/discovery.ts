import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../lib/log.ts'
import { startConversation } from './conversation.ts'
import { fetchDocument } from './idp-document.ts'
import { failureOf, type IdpFault } from './idp-failure.ts'
import { discoveryUrl, type ExpectedIdp, type IdpMetadata, isManyTenants, readMetadata } from './metadata.ts'
import { type IdpObserver, observed } from './observer.ts'

/** The gateway cannot start with this identity provider; the message is for the operator, with the cure. */
export class DiscoveryError extends Error {
  override readonly name = 'DiscoveryError'
}

export interface BootConversation {
  /** Guarded: addresses that may not be reached, one answer's size, no redirects. */
  readonly fetch: typeof globalThis.fetch
  readonly log: Log
  /** The whole time of one attempt. */
  readonly callMs: number
  readonly attempts: number
  readonly pauseMs: number
  /** Null, the default, when nobody measures. */
  readonly observer?: IdpObserver | null
  /** Ends an attempt, and the waiting for the next one, when the process is told to stop. */
  readonly signal?: AbortSignal | undefined
}

/** Reads the discovery document. Trouble that may pass is retried; a wrong document or a refusal by the guard is not. */
export async function discover(expected: ExpectedIdp, boot: BootConversation): Promise<IdpMetadata> {
  const url = discoveryUrl(expected)
  const document = await askAtBoot({ issuer: expected.issuer, url, step: 'discovery' }, boot)
  const metadata = readMetadata(document, expected)
  if (typeof metadata === 'string') {
    throw new DiscoveryError(
      `oidc.issuer ${expected.issuer}: the document at ${url} cannot be used: ${metadata}.`,
    )
  }
  if (metadata.issuer !== expected.issuer) {
    boot.log.warn(`oidc: the discovery document's issuer ${metadata.issuer} rules, not ${expected.issuer}`)
  }
  if (isManyTenants(metadata)) {
    boot.log.warn(
      'oidc: this issuer signs in people of every Microsoft tenant, and their administrators choose the addresses: ' +
        'set the issuer of your own tenant',
    )
  }
  return metadata
}

/** One JSON document that the gateway cannot start without. */
export async function askAtBoot(
  question: BootQuestion,
  boot: BootConversation,
): Promise<Readonly<Record<string, unknown>>> {
  for (let attempt = 1; ; attempt += 1) {
    const { callMs, signal, observer = null } = boot
    const conversation = startConversation(boot.fetch, { callMs, totalMs: callMs, signal })
    try {
      const { url, step } = question
      return await observed(observer, step, () => fetchDocument(url, step, conversation.fetch))
    } catch (thrown) {
      signal?.throwIfAborted()
      const failure = await failureOf(question.step, thrown)
      const told = `${sentenceFor(question, failure.fault)} (attempt ${attempt} of ${boot.attempts})`
      if (attempt >= boot.attempts || !mayPass(failure.fault)) {
        throw new DiscoveryError(`${told}. ${cureFor(failure.fault)}`, { cause: failure })
      }
      boot.log.warn(told)
    }
    await pause(boot.pauseMs, undefined, signal && { signal })
  }
}

interface BootQuestion {
  readonly issuer: string
  readonly url: string
  readonly step: 'discovery' | 'jwks'
}

// The guard's verdict and a document that is not there do not change within seconds.
function mayPass(fault: IdpFault): boolean {
  if (fault.kind === 'network') return fault.cause !== 'guard'
  return fault.kind === 'status' && (fault.status >= 500 || fault.status === 429)
}

function sentenceFor({ issuer, url, step }: BootQuestion, fault: IdpFault): string {
  const what = step === 'jwks' ? 'reading its keys' : 'discovery'
  return `oidc.issuer ${issuer}: ${what} at ${url} failed: ${wordsFor(fault)}`
}

function wordsFor(fault: IdpFault): string {
  if (fault.kind === 'bad_answer') return ANSWER_WORDS[fault.what]
  if (fault.kind !== 'network') return `HTTP status ${fault.status}`
  return NETWORK_WORDS[fault.cause].what
}

function cureFor(fault: IdpFault): string {
  if (fault.kind === 'network') return `Fix: ${NETWORK_WORDS[fault.cause].cure}.`
  return 'Fix: check the issuer, path included; oidc.discovery_url names another document.'
}

const ANSWER_WORDS = {
  malformed: 'the answer is no JSON object',
  too_long: 'the answer is longer than 1 MiB',
  redirect: 'the answer is a redirect, which is not followed',
} as const

const PROXY = 'where only a forward proxy leads out, set oidc.use_proxy'
const NETWORK_WORDS = {
  dns: { what: 'the name does not resolve (DNS)', cure: `check the name and the resolver; ${PROXY}` },
  refused: { what: 'the connection was refused', cure: `check host and port; ${PROXY}` },
  tls: {
    what: 'the TLS certificate was not accepted',
    cure: 'with a private certificate authority, put its root into oidc.ca_cert_pem',
  },
  proxy: {
    what: 'the forward proxy opened no tunnel',
    cure: 'check HTTPS_PROXY and what the proxy allows: it is told the address, at an egress boundary the name',
  },
  guard: {
    what: 'the address may not be reached (SSRF guard)',
    cure:
      'metadata and link-local addresses are never allowed; for an identity provider on this machine ' +
      'set CLAUDE_GATEWAY_ALLOW_LOOPBACK=1',
  },
  timeout: { what: 'no answer in time', cure: `check that a firewall lets the gateway out; ${PROXY}` },
  broken: { what: 'the connection broke', cure: `check that a firewall lets the gateway out; ${PROXY}` },
} as const
