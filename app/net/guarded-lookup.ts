// Judges where a connection may go: a host as it is written, and the addresses that a name answers with.

import type { LookupFunction } from 'node:net'
import { ForbiddenDestination } from './forbidden-destination.ts'
import { type Category, judgeAnswer, judgeHost } from './ssrf-guard.ts'

export interface Guard {
  /** What the connections are for; part of every refusal. */
  readonly purpose: string
  /** Reports whether addresses of a category are open all the same. */
  allows(category: Category): boolean
  readonly lookup: LookupFunction
}

/** Answers why nothing may connect to `host`, before anybody resolves it; null when nothing speaks against it. */
export function forbiddenHost(host: string, { purpose, allows }: Guard): ForbiddenDestination | null {
  const category = judgeHost(host)
  if (category === null || allows(category)) return null
  return new ForbiddenDestination({ purpose, host, address: null, category })
}

/** A look-up that fails when any of a name's addresses is forbidden. */
export function guardedLookup({ purpose, allows, lookup }: Guard): LookupFunction {
  return (host, lookupOptions, done) => {
    lookup(host, { ...lookupOptions, all: true }, (error, answer) => {
      if (error) return done(error, [])
      const found = Array.isArray(answer) ? answer : []
      for (const { address } of found) {
        const category = judgeAnswer(address)
        if (category !== null && !allows(category)) {
          return done(new ForbiddenDestination({ purpose, host, address, category }), [])
        }
      }
      done(null, found)
    })
  }
}
