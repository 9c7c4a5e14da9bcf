import type { JsonObject } from '../config/cli-settings.ts'

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
