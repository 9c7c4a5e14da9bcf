// Text that comes in chunks, line by line, without ever holding more than one.
const LF = 10

/** The lines of `chunks`, without their line breaks; null stands for one that is longer than `maxBytes`. */
export async function* boundedLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<string | null, void> {
  let begun: Buffer[] = []
  let length = 0
  const take = (piece: Buffer) => {
    length += piece.length
    if (length > maxBytes) begun = []
    else begun.push(piece)
  }
  const finish = () => {
    const line = length > maxBytes ? null : Buffer.concat(begun).toString('utf8').replace(/\r$/, '')
    begun = []
    length = 0
    return line
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
      take(chunk.subarray(from, at))
      yield finish()
      from = at + 1
    }
    take(chunk.subarray(from))
  }
  if (length > 0) yield finish()
}
