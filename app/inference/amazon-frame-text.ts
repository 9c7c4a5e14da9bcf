// Writes frames of Amazon's event stream encoding, for rehearsals.
import { crc32 } from 'node:zlib'

const TEXT = 7
const HEADERS = Buffer.concat(
  [
    [':event-type', 'chunk'],
    [':content-type', 'application/json'],
    [':message-type', 'event'],
  ].map(([name = '', value = '']) => {
    const length = Buffer.from([value.length >> 8, value.length & 255])
    return Buffer.concat([
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([TEXT]),
      length,
      Buffer.from(value),
    ])
  }),
)

/** One document of the Messages API in an event of type `chunk`, as Bedrock sends it. */
export function amazonFrame(document: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(document)).toString('base64')
  const payload = Buffer.from(JSON.stringify({ bytes }))
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + HEADERS.length + payload.length, 0)
  prelude.writeUInt32BE(HEADERS.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const frame = Buffer.concat([prelude, HEADERS, payload, Buffer.alloc(4)])
  frame.writeUInt32BE(crc32(frame.subarray(0, -4)), frame.length - 4)
  return frame
}
