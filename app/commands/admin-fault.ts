// What to tell the person at the terminal when the Admin API cannot be asked, or refuses.
import { causeCode } from '../lib/cause-code.ts'
import { printable } from '../lib/printable.ts'
import { ForbiddenDestination } from '../net/forbidden-destination.ts'
import { CommandFault, EXIT } from './command-fault.ts'

const MAX_MESSAGE = 300

interface Sentence {
  readonly text: string
  readonly fix: string
  readonly exitCode?: 3
}

/** By status; what is absent is told in the gateway's words alone. */
const SENTENCES: Readonly<Record<number, Sentence>> = {
  401: {
    text: 'the gateway does not know this admin key',
    fix: 'look whether GATEHOUSE_ADMIN_KEY, or the file of --key-file, holds a key of its admin.write_keys or admin.read_keys',
  },
  403: {
    text: 'this key may not do that, or not from this address',
    fix: 'use a key of admin.write_keys, from a network that access_control admits',
  },
  404: {
    text: 'there is no such thing at this gateway',
    fix: 'look at the id (`limits list` shows them), at the URL, and whether its gateway.yaml has an `admin` section',
  },
  409: {
    text: 'the change clashes with another one',
    fix: 'look at what is there now (`limits list`) and run the command again',
  },
  503: {
    text: 'the gateway cannot answer now',
    fix: 'run the command again in a few seconds; if it lasts, look at the database and at the log of the gateway',
    exitCode: EXIT.unavailable,
  },
}

/** The fault for an answer that is no success. */
export function refusalFault({ status, headers }: Response, text: string): CommandFault {
  const said = messageOf(text)
  const id = headers.get('request-id') ?? headers.get('x-request-id')
  const request = id === null ? '' : ` (request ${printable(id, 128)})`
  const known = SENTENCES[status]
  const sentence = known?.text ?? `the gateway answers ${status}`
  const told = said === null ? sentence : `${sentence}: ${said}`
  const fix = known === undefined ? '' : `\n  Fix: ${known.fix}.`
  const exitCode = known?.exitCode ?? (status >= 500 || status === 429 ? EXIT.unavailable : EXIT.wrong)
  return new CommandFault(`${told}${request}${fix}`, exitCode)
}

/** `error.message` of the envelope; null when the answer is no such thing. */
function messageOf(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text)
    const error = isObject(body) ? body['error'] : undefined
    const message = isObject(error) ? error['message'] : undefined
    return typeof message === 'string' ? printable(message, MAX_MESSAGE) : null
  } catch {
    return null // a page of something before the gateway: its status says what there is to say
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** The fault for an answer that never came. */
export function unreachableFault(
  error: unknown,
  { origin, method }: { readonly origin: string; readonly method: string },
): CommandFault {
  if (error instanceof ForbiddenDestination) return new CommandFault(error.message, EXIT.wrong, error)
  const code = causeCode(error)
  const reason = FAULTS.find(([codes]) => code !== undefined && codes.test(code))?.[1]
  const wasSent = reason === undefined
  const doubt =
    method === 'GET' || !wasSent
      ? ''
      : ' The change may have been made: look at `limits list` and `limits audit`, or run the command again.'
  const fix = reason ?? 'look whether the URL is right and a network or proxy stands between'
  const text = `no answer from ${origin}${code === undefined ? '' : ` (${code})`}.${doubt}\n  Fix: ${fix}.`
  return new CommandFault(text, EXIT.unavailable, error)
}

/** Causes before anything was sent, or that say what to mend. */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/, 'look whether the gateway runs, and at the port of the URL'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'look whether the name in the URL is right, and resolves here'],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/,
    "trust the certificate's authority with NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or use the name that it is for",
  ],
  [/^ERR_UNEXPECTED_REDIRECT$/, 'give the URL of the gateway itself: it never redirects'],
  [/^ERR_FORWARD_PROXY$/, 'look at HTTPS_PROXY and NO_PROXY'],
]
