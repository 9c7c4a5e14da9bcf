import { createHash } from 'node:crypto'
import type { JsonObject } from '../config/cli-settings.ts'
import { canonical } from './canonical.ts'

/** A settings document as clients get it, with the bytes ready. */
export interface ServedSettings {
  /** With the pushed keys. */
  readonly settings: JsonObject
  /** `sha256:` and the hash of the canonical text, in hexadecimal (P-31). */
  readonly checksum: string
  /** The checksum, quoted. */
  readonly etag: string
  /** `{"uuid", "checksum", "settings"}` as UTF-8. */
  readonly body: Buffer
}

/** Gets `settings` ready; the bytes are made once. */
export function servedSettings(settings: JsonObject): ServedSettings {
  const checksum = `sha256:${createHash('sha256').update(canonical(settings)).digest('hex')}`
  const body = Buffer.from(JSON.stringify({ uuid: checksum, checksum, settings }))
  return { settings, checksum, etag: `"${checksum}"`, body }
}
