// Reads protobuf, field by field: what OpenTelemetry's published definitions number, without their generated code.

export interface Field {
  readonly field: number
  readonly value: Buffer | bigint
}

export type Fields = readonly Field[]

export function fieldsOf(bytes: Buffer): Field[] {
  const found: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const field = tag >>> 3
    const wire = tag & 7
    if (wire === 0) {
      found.push({ field, value: varint() })
    } else if (wire === 1) {
      found.push({ field, value: bytes.readBigUInt64LE(at) })
      at += 8
    } else if (wire === 5) {
      found.push({ field, value: BigInt(bytes.readUInt32LE(at)) })
      at += 4
    } else {
      const length = Number(varint())
      found.push({ field, value: bytes.subarray(at, at + length) })
      at += length
    }
  }
  return found
}

export function messages(fields: Fields, field: number): Field[][] {
  return fields.flatMap(({ field: f, value }) =>
    f === field && typeof value === 'object' ? [fieldsOf(value)] : [],
  )
}

export function bytesOf(fields: Fields, field: number): Buffer {
  const value = fields.find(({ field: f }) => f === field)?.value
  return typeof value === 'object' ? value : Buffer.alloc(0)
}

export function text(fields: Fields, field: number): string {
  return bytesOf(fields, field).toString('utf8')
}

export function hex(fields: Fields, field: number): string {
  return bytesOf(fields, field).toString('hex')
}

export function number(fields: Fields, field: number): bigint {
  const value = fields.find(({ field: f }) => f === field)?.value
  return typeof value === 'bigint' ? value : 0n
}

/** Attributes as `KeyValue` messages: text, truth or whole numbers. */
export function attributesOf(fields: Fields, field: number): Record<string, string | number | boolean> {
  const pairs = messages(fields, field).map(pair => {
    const [value = []] = messages(pair, 2)
    const kind = value[0]?.field
    if (kind === 1) return [text(pair, 1), text(value, 1)] as const
    return [text(pair, 1), kind === 2 ? number(value, 2) === 1n : Number(number(value, 3))] as const
  })
  return Object.fromEntries(pairs)
}
