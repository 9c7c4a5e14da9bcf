// What both buttons of the confirm page have in common: a small form that this site itself sent, within
// the limit, with a well-formed code. In this order, so that a forged form consumes nothing (S-14).
import type { FastifyRequest } from 'fastify'
import { parseForm, readBody } from '../http/body.ts'
import type { RateLimits } from '../http/rate-limit.ts'
import { isSameOrigin } from '../http/same-origin.ts'
import { storeAnswer } from './store-answer.ts'
import { normaliseUserCode } from './user-code.ts'

/** The largest form of `/device` and `/device/deny`. */
export const MAX_FORM_BYTES = 4 * 1024

export type DeviceForm =
  | { readonly kind: 'code'; readonly userCode: string }
  | { readonly kind: 'unknown_code' }
  | { readonly kind: 'csrf_rejected' }
  | { readonly kind: 'rate_limited'; readonly retryAfterSeconds: number }

export interface DeviceFormOptions {
  readonly publicUrl: string
  readonly rateLimits: RateLimits
}

/** Reads and judges a submitted form. */
export async function readDeviceForm(
  request: FastifyRequest,
  { publicUrl, rateLimits }: DeviceFormOptions,
): Promise<DeviceForm> {
  const body = await readBody(request, MAX_FORM_BYTES)
  if (!isSameOrigin(request.headers, publicUrl)) return { kind: 'csrf_rejected' }
  const verdict = await storeAnswer('page', rateLimits.count('device_verify', request.clientAddress))
  if (verdict.kind === 'refused') {
    return { kind: 'rate_limited', retryAfterSeconds: verdict.retryAfterSeconds }
  }
  const codes = parseForm(request, body)?.getAll('user_code') ?? []
  const userCode = codes.length === 1 ? normaliseUserCode(codes[0] ?? '') : null
  return userCode === null ? { kind: 'unknown_code' } : { kind: 'code', userCode }
}
