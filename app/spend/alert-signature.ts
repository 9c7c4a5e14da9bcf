import { createHmac } from 'node:crypto'

/**
 * The value of `gatehouse-signature`: `t=<Unix seconds>,v1=<hex>`, an HMAC-SHA256 with `secret` over the time, a full
 * stop, and the body. The time is part of what is signed, so that a receiver can refuse what somebody kept.
 */
export function alertSignature(secret: string, body: string, atMs: number): string {
  const seconds = (BigInt(atMs) / 1000n).toString()
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`, 'utf8').digest('hex')
  return `t=${seconds},v1=${digest}`
}
