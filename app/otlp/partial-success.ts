// How many items a collector rejected of an export that it accepted (OTLP/HTTP, "Partial Success").

/** Reads the answer's body; 0 when it says nothing, or cannot be read. */
export function rejectedItems(body: Buffer, contentType: string | undefined): number {
  if (body.length === 0) return 0
  return contentType?.startsWith('application/json') === true ? fromJson(body) : fromProtobuf(body)
}

function fromJson(body: Buffer): number {
  try {
    const partial: unknown = JSON.parse(body.toString('utf8'))?.partialSuccess
    if (typeof partial !== 'object' || partial === null) return 0
    const [, count] = Object.entries(partial).find(([key]) => key.startsWith('rejected')) ?? []
    const rejected = Number(count)
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0
  } catch {
    return 0 // the export was accepted, whatever the answer says
  }
}

/** Field 1 of the answer is `partial_success`, whose field 1 is the count. */
function fromProtobuf(body: Buffer): number {
  const partial = body[0] === 0x0a ? lengthAt(body, 1) : null
  if (partial === null || body[partial.next] !== 0x08) return 0
  return lengthAt(body, partial.next + 1)?.value ?? 0
}

/** A varint of at most seven bytes: more than that is no count. */
function lengthAt(body: Buffer, at: number): { value: number; next: number } | null {
  let value = 0
  for (let index = 0; index < 7; index += 1) {
    const byte = body[at + index]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, next: at + index + 1 }
  }
  return null
}
