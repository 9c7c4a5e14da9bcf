// A device grant's numbers, and what a finished one hands from the browser's leg to the terminal's.
import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Identity } from '../identity/identity.ts'

/** How long a person has between the terminal's question and the browser's answer. */
export const GRANT_LIFETIME_SECONDS = 600

/** The pause the terminal is asked to keep between two polls. */
export const POLL_INTERVAL_SECONDS = 5

/** Polls closer together than this are too fast; timers and networks may shorten a pause a little (S-51). */
export const POLL_PACE_SECONDS = POLL_INTERVAL_SECONDS - 1.5

/** A fresh device code: 256 random bits. */
export function drawDeviceCode(): string {
  return randomBytes(32).toString('base64url')
}

/** What the store keeps of a device code; the code itself stays with the terminal. */
export function deviceHashOf(deviceCode: string): Buffer {
  return createHash('sha256').update(deviceCode).digest()
}

/** Who approved a grant, as the callback seals it and the token endpoint opens it. */
export interface SealedGrant {
  /** The grant's device hash in base64url: a seal copied to another row does not open there. */
  readonly grant: string
  readonly identity: Identity
  /** The IdP's refresh token, when it gave one. */
  readonly rt: string | null
  /** The address of the browser. */
  readonly approved_from: string
  /** Whether the browser's address differs from the terminal's. */
  readonly cross_address: boolean
  readonly groups_stale: boolean
}

const SealedGrantShape = z.object({
  grant: z.string(),
  identity: z.object({
    sub: z.string(),
    email: z.string().optional(),
    name: z.string().optional(),
    groups: z.array(z.string()).optional(),
  }),
  rt: z.string().nullable(),
  approved_from: z.string(),
  cross_address: z.boolean(),
  groups_stale: z.boolean(),
})

/** Reads an opened seal; null when it is not one of ours or belongs to another grant. */
export function readSealedGrant(opened: unknown, deviceHash: Buffer): SealedGrant | null {
  const parsed = SealedGrantShape.safeParse(opened)
  if (!parsed.success) return null
  if (parsed.data.grant !== deviceHash.toString('base64url')) return null
  const { sub, email, name, groups } = parsed.data.identity
  const identity: Identity = {
    sub,
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(groups !== undefined && { groups }),
  }
  return { ...parsed.data, identity }
}
