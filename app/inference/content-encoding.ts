// How a request's content codings are undone, and how much memory that may take.
import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'
import { Refusal } from '../http/errors.ts'

const CHUNK = { chunkSize: 64 * 1024 }

/** RFC 9659: a decoder of this content coding needs windows of 8 MiB and may refuse larger ones. */
const ZSTD = { ...CHUNK, params: { [constants.ZSTD_d_windowLogMax]: 23 } }

/** What undoes a `content-encoding` of one layer: null for none, `unknown` when nothing does. */
export function decoderOf(encoding: string | undefined): Transform | null | 'unknown' {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return null
    case 'gzip':
      return createGunzip(CHUNK)
    case 'deflate':
      return createInflate(CHUNK)
    case 'br':
      return createBrotliDecompress(CHUNK)
    case 'zstd':
      return createZstdDecompress(ZSTD)
    default:
      return 'unknown'
  }
}

/** The decoder for a request's `content-encoding`; null when the bytes are as they are, 415 for anything unknown. */
export function decoderFor(encoding: string | undefined): Transform | null {
  const decoder = decoderOf(encoding)
  if (decoder !== 'unknown') return decoder
  throw new Refusal(
    'unsupported_encoding',
    'the request body must be sent as it is or with one of the content codings gzip, deflate, br, zstd',
  )
}
