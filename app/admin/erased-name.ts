// What stands in the place of somebody who was erased.
import { randomBytes } from 'node:crypto'

/** `erased:` and 16 random hexadecimal digits, which lead back to nobody. */
export function drawErasedName(): string {
  return `erased:${randomBytes(8).toString('hex')}`
}

/** Reports whether a subject is such a name. */
export function isErased(principal: string): boolean {
  return /^erased:[0-9a-f]{16}$/.test(principal)
}
