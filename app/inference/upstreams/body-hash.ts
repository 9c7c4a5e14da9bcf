// The SHA-256 of a body, which a signature names (I-91: a long one is no reason to let everybody else wait).
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { OutgoingBody } from './upstream.ts'

/** So many bytes are hashed in one go: less than a millisecond where processors have instructions for it. */
const STRETCH = 512 * 1024

/** In hexadecimal; a promise only for a body of more than 512 KiB, whose hashing lets others have their turn. */
export function bodyHash({ chunks, length }: OutgoingBody): string | Promise<string> {
  if (length > STRETCH) return hashedInTurns(chunks)
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

async function hashedInTurns(chunks: readonly Buffer[]): Promise<string> {
  const hash = createHash('sha256')
  let left = STRETCH
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; ) {
      if (left === 0) {
        await setImmediate()
        left = STRETCH
      }
      const piece = chunk.subarray(from, from + left)
      hash.update(piece)
      from += piece.length
      left -= piece.length
    }
  }
  return hash.digest('hex')
}
