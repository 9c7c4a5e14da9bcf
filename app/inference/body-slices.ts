/** The bytes from `start` to `end` of a body that came as `chunks`; a chunk that is wanted whole is handed on as it is. */
export function slicesBetween(chunks: readonly Buffer[], start: number, end: number): Buffer[] {
  const slices: Buffer[] = []
  let offset = 0
  for (const chunk of chunks) {
    if (offset >= end) break
    const from = Math.max(start - offset, 0)
    const to = Math.min(end - offset, chunk.length)
    if (from < to) slices.push(to - from === chunk.length ? chunk : chunk.subarray(from, to))
    offset += chunk.length
  }
  return slices
}
