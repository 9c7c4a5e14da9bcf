// Bytes that most likely come again as they came last, and a quick look whether they do.

/** Bytes with the view by which several of them are read at once. */
export interface ViewedBytes {
  readonly buffer: Buffer
  readonly view: DataView
}

/** The view costs less than what it saves, from one frame on. */
export function viewed(buffer: Buffer): ViewedBytes {
  return { buffer, view: new DataView(buffer.buffer, buffer.byteOffset, buffer.length) }
}

/** A copy of some bytes. */
export class KnownBytes {
  readonly length: number
  readonly #view: DataView

  constructor(bytes: Buffer) {
    this.length = bytes.length
    this.#view = viewed(Buffer.from(bytes)).view
  }

  /**
   * Reports whether they stand between `from` and `to`, from `from` on.
   *
   * Eight bytes at a time: a loop over bytes costs five times as much, and so does `Buffer.compare` for so few.
   */
  isAt({ view }: ViewedBytes, from: number, to: number): boolean {
    const known = this.#view
    const { length } = this
    if (length > to - from) return false
    let at = 0
    for (; at + 8 <= length; at += 8) if (view.getBigInt64(from + at) !== known.getBigInt64(at)) return false
    for (; at < length; at += 1) if (view.getUint8(from + at) !== known.getUint8(at)) return false
    return true
  }
}
