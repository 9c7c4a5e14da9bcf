/** Up to here a chunk costs more to send by itself than to copy beside its neighbour. */
const SMALL = 32 * 1024

/**
 * A new list of `chunks` in which small neighbours are joined.
 *
 * Every piece is a write of its own, and an edit leaves slices of a few bytes; large chunks are passed on uncopied.
 */
export function packedChunks(chunks: readonly Buffer[]): Buffer[] {
  const packed: Buffer[] = []
  let group: Buffer[] = []
  let bytes = 0
  const close = () => {
    if (group.length > 0) packed.push(group.length === 1 ? group[0]! : Buffer.concat(group)) // counted just now
    group = []
    bytes = 0
  }
  for (const chunk of chunks) {
    if (chunk.length >= SMALL) close()
    group.push(chunk)
    bytes += chunk.length
    if (bytes >= SMALL) close()
  }
  close()
  return packed
}
