// A network behind a forward proxy, with a resolver of its own that knows a few names.
import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import type { TestContext } from 'node:test'
import { type Dispatcher, request } from 'undici'
import { readForwardProxies } from '../../app/config/forward-proxies.ts'
import { openNetwork } from '../../app/net/network.ts'
import type { ForwardProxyServer } from './proxy.ts'

const answers: Readonly<Record<string, readonly string[]>> = {
  'model.example.com': ['127.0.0.1'],
  'both.example.com': ['2001:db8::1', '10.0.0.1'],
  'inside.example.com': ['169.254.169.254'],
}

/** Knows the names above, and no others. */
export const lookup: LookupFunction = (host, _options, done) => {
  const found = answers[host] ?? []
  if (found.length === 0) return done(Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' }), [])
  done(
    null,
    found.map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
}

export interface Circumstances {
  readonly allowLoopback?: boolean
  readonly isBoundary?: boolean
  readonly credentials?: string
  readonly none?: string
}

/** A network behind `proxy`, for https and http. */
export function openBehind(t: TestContext, proxy: ForwardProxyServer, circumstances: Circumstances = {}) {
  const { allowLoopback = true, isBoundary = false, credentials = '', none } = circumstances
  const url = `http://${credentials}127.0.0.1:${proxy.port}`
  const { proxies, problems } = readForwardProxies({
    ...{ https: url, http: url, none, isDeclaredBoundary: isBoundary, allowLoopback },
  })
  assert.deepEqual([problems, proxies.isBoundary], [[], isBoundary])
  const network = openNetwork({ allowLoopback, proxies, lookup })
  t.after(() => network.close())
  return network
}

/** The status and body of an answer, or the code and text of an error. */
export async function ask(url: string, dispatcher: Dispatcher) {
  try {
    const { statusCode, body } = await request(url, { dispatcher })
    return [statusCode, await body.text()]
  } catch (error) {
    return [error instanceof Error && 'code' in error ? error.code : error, String(error)]
  }
}
