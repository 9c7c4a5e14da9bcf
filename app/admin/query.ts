// Parameters of a query, each at most once; those that nobody asks for are ignored (M-54).
import type { FastifyRequest } from 'fastify'
import { wrong } from './field.ts'

export function queryOf({ raw }: FastifyRequest): URLSearchParams {
  const url = raw.url ?? ''
  const start = url.indexOf('?')
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1))
}

/** The one value of `name`; null when it is not there. */
export function onlyValue(query: URLSearchParams, name: string): string | null {
  const [value = null, ...others] = query.getAll(name)
  if (others.length > 0) throw wrong(name, 'must not be repeated')
  return value
}

const MAX_LIMIT = 1000

/** `limit`: how many there may be on a page. */
export function limitIn(query: URLSearchParams, otherwise: number): number {
  const value = onlyValue(query, 'limit')
  if (value === null) return otherwise
  const limit = /^\d{1,4}$/.test(value) ? Number(value) : 0
  if (limit < 1 || limit > MAX_LIMIT) throw wrong('limit', `must be a whole number from 1 to ${MAX_LIMIT}`)
  return limit
}
